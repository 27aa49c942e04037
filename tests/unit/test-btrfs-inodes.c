/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of all inodes of a btrfs at once is what it says of each: on filesystems
 * that this host mounts. */
#include "agent/mount/btrfs-inodes.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

struct fixture {
    char top[32];
    char mount[64];
};

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int run(const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command);
}

static const char make[] =
    "cd %s && truncate -s 256M image && mkfs.btrfs -q image && mkdir mount && "
    "mount -o loop,max_inline=2048 image mount";

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->top, "/tmp/vlt-btrfs.XXXXXX");
    *state = f;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->mount, sizeof f->mount, "%s/mount", f->top);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    run("umount %s 2>/dev/null; rm -rf %s", f->mount, f->top);
    free(f);
    return 0;
}

static void mount_one(struct fixture *f)
{
    char command[256];
    snprintf(command, sizeof command, make, f->top);
    if (geteuid() != 0 || run("(%s) >/dev/null 2>&1", command) != 0)
        skip(); /* not root, no loop device, or a kernel without btrfs */
}

/* So that nothing is only in memory. */
static void settle(const struct fixture *f)
{
    assert_int_equal(run("umount %s && mount -o loop,ro %s/image %s", f->mount, f->top, f->mount),
                     0);
}

static void assert_same_time(struct statx_timestamp a, struct statx_timestamp b)
{
    assert_int_equal(a.tv_sec, b.tv_sec);
    assert_int_equal(a.tv_nsec, b.tv_nsec);
}

static void assert_same(const struct statx *got, const struct statx *wanted)
{
    assert_int_equal(got->stx_mode, wanted->stx_mode);
    assert_int_equal(got->stx_uid, wanted->stx_uid);
    assert_int_equal(got->stx_gid, wanted->stx_gid);
    assert_int_equal(got->stx_nlink, wanted->stx_nlink);
    assert_int_equal(got->stx_size, wanted->stx_size);
    assert_int_equal(got->stx_blocks, wanted->stx_blocks);
    assert_int_equal(got->stx_ino, wanted->stx_ino);
    assert_int_equal(got->stx_rdev_major, wanted->stx_rdev_major);
    assert_int_equal(got->stx_rdev_minor, wanted->stx_rdev_minor);
    assert_same_time(got->stx_atime, wanted->stx_atime);
    assert_same_time(got->stx_mtime, wanted->stx_mtime);
    assert_same_time(got->stx_ctime, wanted->stx_ctime);
}

/* Compares both answers about each file of the directory. How many were answered in bulk. */
static unsigned compare(const struct fixture *f, const char *name)
{
    char path[128];
    unsigned answered = 0;
    snprintf(path, sizeof path, "%s/%s", f->mount, name);
    AUTO_DIR DIR *directory = opendir(path);
    assert_non_null(directory);
    AUTO_BTRFS_INODES btrfs_inodes *inodes = btrfs_inodes_open(dirfd(directory));
    assert_non_null(inodes);
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct statx got, wanted;
        if (entry->d_type == DT_DIR ||
            !btrfs_inodes_stat(inodes, dirfd(directory), entry->d_ino, &got))
            continue;
        assert_int_equal(
            statx(dirfd(directory), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &wanted),
            0);
        assert_same(&got, &wanted);
        assert_int_equal(entry->d_type, DT_REG);
        answered++;
    }
    return answered;
}

static void files_of_every_kind(void **state)
{
    struct fixture *f = *state;
    mount_one(f);
    assert_int_equal(
        run("cd %s && mkdir dir && cd dir && echo inline > inline && : > empty && "
            "ln inline hard && ln -s inline link && mkfifo fifo && mknod null c 1 3 && "
            "truncate -s 9G sparse && echo end >> sparse && chmod 6751 inline && "
            "head -c 300000 /dev/urandom > large && setfattr -n user.x -v y empty 2>/dev/null; "
            "touch -d '2230-02-03 04:05:06.789' empty && touch -d '1905-01-01 00:00:01.5' sparse "
            "&& "
            "chown 70000:80000 large && : > gone && rm gone && "
            "touch compressed && chattr +c compressed && yes | head -c 1000000 > compressed",
            f->mount),
        0);
    settle(f);
    assert_int_equal(compare(f, "dir"), 6); /* and none of link, fifo, null */
}

/* More than one answer holds, with gaps, in the order of their names and not of their numbers. */
static void many_files(void **state)
{
    struct fixture *f = *state;
    mount_one(f);
    assert_int_equal(run("mkdir %s/dir && cd %s/dir && for i in $(seq 3000 | shuf); do "
                         "head -c $((i %% 3000)) /dev/zero > $i; done && rm 7* && sync",
                         f->mount, f->mount),
                     0);
    settle(f);
    assert_int_equal(compare(f, "dir"), 3000 - 111);
}

/* The same numbers stand for other files. */
static void subvolumes(void **state)
{
    struct fixture *f = *state;
    mount_one(f);
    assert_int_equal(run("cd %s && btrfs -q subvolume create one && echo a > one/a && "
                         "btrfs -q subvolume snapshot one two && echo longer > two/a && "
                         "chmod 600 two/a && echo top > a",
                         f->mount),
                     0);
    settle(f);
    assert_int_equal(compare(f, "one"), 1);
    assert_int_equal(compare(f, "two"), 1);
    assert_int_equal(compare(f, "."), 1);
}

/* Where a directory's files are far from each other, most are left to the caller. */
static void files_that_are_far_apart(void **state)
{
    struct fixture *f = *state;
    mount_one(f);
    assert_int_equal(run("cd %s && mkdir far near && for i in $(seq 200); do : > far/$i && "
                         "(cd near && seq -f $i-%%.0f 100 | xargs touch); done",
                         f->mount),
                     0);
    settle(f);
    unsigned answered = compare(f, "far");
    assert_in_range(answered, 60, 120);
    assert_int_equal(compare(f, "near"), 20000);
}

static void other_filesystems_are_none(void **state)
{
    AUTO_FD int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    assert_null(btrfs_inodes_open(fd));
    assert_null(btrfs_inodes_open(-1));
}

#define BTRFS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BTRFS(files_of_every_kind),
        BTRFS(many_files),
        BTRFS(subvolumes),
        BTRFS(files_that_are_far_apart),
        cmocka_unit_test(other_filesystems_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
