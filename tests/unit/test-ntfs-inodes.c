/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read of the records of an NTFS is what ntfs-3g says of each file, on this host. */
#include "agent/mount/ntfs-inodes.h"
#include "lib/same-status.h"
#include "lib/shell-run.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

#define RECORD 1024

struct fixture {
    char top[32];
    char mount[64];
    char image[64];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->top, "/tmp/vlt-ntfs.XXXXXX");
    *state = f;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->mount, sizeof f->mount, "%.31s/mount", f->top);
    snprintf(f->image, sizeof f->image, "%.31s/image", f->top);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    shell_run("umount %s 2>/dev/null; rm -rf %s", f->mount, f->top);
    free(f);
    return 0;
}

static bool mount_it(const struct fixture *f, const char *options)
{
    return shell_run("ntfs-3g -o %s %s %s 2>%s/log", options, f->image, f->mount, f->top) == 0;
}

static void make(struct fixture *f, const char *script)
{
    if (geteuid() != 0 || access("/dev/fuse", R_OK | W_OK) != 0 ||
        shell_run("command -v ntfs-3g mkntfs >/dev/null") != 0)
        skip();
    assert_int_equal(shell_run("cd %s && mkdir mount && truncate -s 32M image && "
                               "mkntfs -q -F -Q image >log 2>&1",
                               f->top),
                     0);
    if (!mount_it(f, "rw,streams_interface=xattr"))
        skip(); /* a container that may not mount */
    assert_int_equal(shell_run("mkdir %s/dir && cd %s/dir && %s", f->mount, f->mount, script), 0);
    assert_int_equal(shell_run("umount %s", f->mount), 0);
}

/* Compares both answers about each file of "dir". How many were not left to ntfs-3g; -1: it cannot
 * read the directory. */
static int compare(const struct fixture *f)
{
    char path[80];
    int answered = 0;
    struct stat status;
    snprintf(path, sizeof path, "%s/dir", f->mount);
    AUTO_DIR DIR *directory = opendir(path);
    if (!directory || fstat(dirfd(directory), &status) < 0)
        return -1;
    AUTO_NTFS_INODES ntfs_inodes *self = ntfs_inodes_new();
    assert_non_null(self);
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct statx got, wanted;
        const struct device_inodes_file file = {.directory = status.st_ino,
                                                .at = dirfd(directory),
                                                .name = entry->d_name,
                                                .ino = entry->d_ino,
                                                .regular = entry->d_type == DT_REG};
        if (!ntfs_inodes_stat(self, &file, &got))
            continue;
        answered++;
        if (statx(dirfd(directory), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS,
                  &wanted) == 0)
            same_status_assert(&got, &wanted);
    }
    return answered;
}

static void files_of_every_kind(void **state)
{
    struct fixture *f = *state;
    make(f, "echo resident > resident && : > empty && head -c 300000 /dev/urandom > large && "
            "truncate -s 100M sparse && echo end >> sparse && ln resident hard && "
            "ln -s resident link && mkfifo fifo && mkdir sub && echo x > größer && "
            "touch -d '2037-02-03 04:05:06.789' empty && touch -d '1905-01-01 00:00:01.5' large && "
            "for i in $(seq 60); do ln large \"a longer name of the same file, number $i\"; done");
    assert_true(mount_it(f, "ro"));
    /* resident, its second name, empty, sparse, größer; large has more names than a record holds.
     */
    assert_int_equal(compare(f), 5);
}

static void many_files(void **state)
{
    struct fixture *f = *state;
    make(f, "for i in $(seq 2000); do head -c $i /dev/zero > $i; done && rm 7* && "
            "for i in $(seq 300); do : > later-$i; done");
    assert_true(mount_it(f, "ro"));
    assert_int_equal(compare(f), 2000 - 111 + 300);
}

static void options_that_change_owner_and_permissions(void **state)
{
    struct fixture *f = *state;
    make(f, "echo a > a && echo b > b");
    assert_true(mount_it(f, "ro,uid=1000,gid=100,fmask=0137"));
    assert_int_equal(compare(f), 2);
}

/* Where each file has an owner of its own, ntfs-3g is asked. */
static void a_volume_that_maps_owners(void **state)
{
    struct fixture *f = *state;
    make(f, "echo a > a && mkdir ../.NTFS-3G && "
            "echo ':1000:S-1-5-21-3141592653-589793238-462643383-1001' > ../.NTFS-3G/UserMapping");
    assert_true(mount_it(f, "ro"));
    assert_int_equal(compare(f), 0);
}

static off_t find_record(const struct fixture *f, const char *magic, size_t count)
{
    static unsigned char bytes[32 << 20];
    AUTO_FD int fd = open(f->image, O_RDONLY | O_CLOEXEC);
    ssize_t length = pread(fd, bytes, sizeof bytes, 0);
    for (ssize_t at = 0; at + RECORD <= length; at += RECORD)
        if (memcmp(bytes + at, "FILE", 4) == 0 && memmem(bytes + at, RECORD, magic, count))
            return at;
    fail_msg("the file's record is not in the image");
    return 0;
}

/* Where a bit of a record is another, the answer is that of ntfs-3g, or left to it. */
static void a_record_that_is_damaged(void **state)
{
    static const char content[] = "content that is nowhere else";
    struct fixture *f = *state;
    unsigned char record[RECORD];
    make(f, "printf 'content that is nowhere else' > file");
    off_t at = find_record(f, content, sizeof content - 1);
    AUTO_FD int fd = open(f->image, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, record, sizeof record, at), sizeof record);
    unsigned left = 0;
    for (size_t i = 0; i < 512; i += 3) {
        unsigned char other = record[i] ^ (unsigned char)(1 << i % 8);
        assert_int_equal(pwrite(fd, &other, 1, at + (off_t)i), 1);
        if (mount_it(f, "ro")) {
            left += compare(f) <= 0;
            assert_int_equal(shell_run("umount %s", f->mount), 0);
        }
        assert_int_equal(pwrite(fd, record + i, 1, at + (off_t)i), 1);
    }
    assert_in_range(left, 10, 150);
}

static void what_is_no_ntfs(void **state)
{
    struct statx status;
    AUTO_NTFS_INODES ntfs_inodes *self = ntfs_inodes_new();
    AUTO_FD int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct device_inodes_file file = {
        .directory = 1, .at = fd, .name = "uptime", .ino = 5, .regular = true};
    (void)state;
    assert_non_null(self);
    assert_false(ntfs_inodes_stat(self, &file, &status));
}

#define MOUNTED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOUNTED(files_of_every_kind),
        MOUNTED(many_files),
        MOUNTED(options_that_change_owner_and_permissions),
        MOUNTED(a_volume_that_maps_owners),
        MOUNTED(a_record_that_is_damaged),
        cmocka_unit_test(what_is_no_ntfs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
