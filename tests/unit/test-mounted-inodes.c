/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read of the inodes of a btrfs or xfs without looking up names is what the kernel says of
 * each: on filesystems that this host mounts. */
#include "agent/mount/btrfs-inodes.h"
#include "agent/mount/xfs-inodes.h"
#include "lib/same-status.h"
#include "lib/shell-run.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

struct fixture {
    char top[32];
    char mount[64];
    char image[64];
    btrfs_inodes *btrfs; /* while a directory is compared … */
    xfs_inodes *xfs;     /* … one of them */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->top, "/tmp/vlt-inodes.XXXXXX");
    *state = f;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->mount, sizeof f->mount, "%.31s/mount", f->top);
    snprintf(f->image, sizeof f->image, "%.31s/image", f->top);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    shell_run("umount %s 2>/dev/null; rm -rf %s", f->mount, f->top);
    free(f);
    return 0;
}

/* By the mkfs and its options. */
static void mount_one(struct fixture *f, const char *mkfs)
{
    if (geteuid() != 0 ||
        shell_run("command -v %.*s >/dev/null", (int)strcspn(mkfs, " "), mkfs) != 0)
        skip(); /* not root, or no mkfs */
    assert_int_equal(
        shell_run("cd %s && truncate -s 400M image && %s image && mkdir mount", f->top, mkfs), 0);
    if (shell_run("mount -o loop %s %s 2>%s/log", f->image, f->mount, f->top) != 0)
        skip(); /* no loop device, or a kernel without that filesystem */
}

/* So that nothing is only in memory. */
static void settle(const struct fixture *f)
{
    assert_int_equal(shell_run("umount %s && mount -o loop,ro %s %s", f->mount, f->image, f->mount),
                     0);
}

static bool read_one(const struct fixture *f, int directory, uint64_t ino, struct statx *status)
{
    return f->btrfs ? btrfs_inodes_stat(f->btrfs, directory, ino, status)
                    : xfs_inodes_stat(f->xfs, ino, status);
}

/* Compares both answers about each file of the directory. How many were not the kernel's. */
static unsigned compare(struct fixture *f, const char *name)
{
    char path[128];
    unsigned answered = 0;
    snprintf(path, sizeof path, "%s/%s", f->mount, name);
    AUTO_DIR DIR *directory = opendir(path);
    assert_non_null(directory);
    AUTO_BTRFS_INODES btrfs_inodes *btrfs = f->btrfs = btrfs_inodes_open(dirfd(directory));
    AUTO_XFS_INODES xfs_inodes *xfs = f->xfs = xfs_inodes_open(f->image);
    assert_true(btrfs || xfs);
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct statx got, wanted;
        if (entry->d_type == DT_DIR || !read_one(f, dirfd(directory), entry->d_ino, &got))
            continue;
        assert_int_equal(
            statx(dirfd(directory), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &wanted),
            0);
        same_status_assert(&got, &wanted);
        assert_int_equal(entry->d_type, DT_REG);
        answered++;
    }
    return answered;
}

static void files_of_every_kind(struct fixture *f, const char *mkfs)
{
    mount_one(f, mkfs);
    assert_int_equal(
        shell_run(
            "mkdir %s/dir && cd %s/dir && echo inline > inline && : > empty && "
            "ln inline hard && ln -s inline link && mkfifo fifo && mknod null c 1 3 && "
            "truncate -s 9G sparse && echo end >> sparse && chmod 6751 inline && "
            "head -c 300000 /dev/urandom > large && ln -s %0200d long && "
            "touch -d '2037-02-03 04:05:06.789' empty && touch -d '1905-01-01 00:00:01.5' sparse "
            "&& "
            "chown 70000:80000 large && : > gone && rm gone && touch packed && "
            "(chattr +c packed || :) 2>/dev/null && yes | head -c 1000000 > packed",
            f->mount, f->mount, 0),
        0);
    settle(f);
    assert_int_equal(compare(f, "dir"), 6); /* and none of links, fifo, null */
}

/* With gaps, and in the order of their names and not of their numbers. */
static void many_files(struct fixture *f, const char *mkfs)
{
    mount_one(f, mkfs);
    assert_int_equal(shell_run("mkdir %s/dir && cd %s/dir && for i in $(seq 3000 | shuf); do "
                               "head -c $((i %% 3000)) /dev/zero > $i; done && rm 7*",
                               f->mount, f->mount),
                     0);
    settle(f);
    assert_int_equal(compare(f, "dir"), 3000 - 111);
}

static void btrfs_files(void **state)
{
    files_of_every_kind(*state, "mkfs.btrfs -q");
}

static void btrfs_many_files(void **state)
{
    many_files(*state, "mkfs.btrfs -q");
}

static void xfs_files(void **state)
{
    files_of_every_kind(*state, "mkfs.xfs -q -m bigtime=1");
}

static void xfs_with_older_times(void **state)
{
    files_of_every_kind(*state, "mkfs.xfs -q -m bigtime=0 -i size=1024");
}

static void xfs_many_files(void **state)
{
    many_files(*state, "mkfs.xfs -q -b size=1024 -i size=512 -d agcount=3");
}

static void xfs_whose_uuid_was_changed(void **state)
{
    struct fixture *f = *state;
    mount_one(f, "mkfs.xfs -q");
    assert_int_equal(shell_run("echo a > %s/a && umount %s && xfs_admin -U generate %s > %s/log && "
                               "mount -o loop %s %s && echo b > %s/b",
                               f->mount, f->mount, f->image, f->top, f->image, f->mount, f->mount),
                     0);
    settle(f);
    assert_int_equal(compare(f, "."), 2);
}

static void xfs_without_checksums(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(shell_run("truncate -s 400M %s", f->image), 0);
    if (shell_run("mkfs.xfs -q -m crc=0 %s >%s/log 2>&1", f->image, f->top) != 0)
        skip(); /* newer ones do not make it */
    assert_null(xfs_inodes_open(f->image));
}

/* Of an inode with one bit changed the kernel is asked. */
static void xfs_that_is_damaged(void **state)
{
    struct fixture *f = *state;
    struct statx status;
    unsigned char inode[512];
    char path[128];
    mount_one(f, "mkfs.xfs -q");
    snprintf(path, sizeof path, "%s/a", f->mount);
    assert_int_equal(shell_run("echo a > %s", path), 0);
    assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &status), 0);
    assert_int_equal(shell_run("umount %s", f->mount), 0);
    uint64_t ino = status.stx_ino;
    AUTO_FD int fd = open(f->image, O_RDWR | O_CLOEXEC);
    off_t at = (off_t)(ino * sizeof inode); /* so it is in the first group */
    assert_int_equal(pread(fd, inode, sizeof inode, at), sizeof inode);
    for (size_t i = 0; i < sizeof inode; i += 5) {
        unsigned char other = inode[i] ^ (unsigned char)(1 << i % 8);
        assert_int_equal(pwrite(fd, &other, 1, at + (off_t)i), 1);
        fsync(fd);
        AUTO_XFS_INODES xfs_inodes *self = xfs_inodes_open(f->image);
        assert_non_null(self);
        assert_false(xfs_inodes_stat(self, ino, &status));
        assert_int_equal(pwrite(fd, inode + i, 1, at + (off_t)i), 1);
    }
    fsync(fd);
    AUTO_XFS_INODES xfs_inodes *self = xfs_inodes_open(f->image);
    assert_true(xfs_inodes_stat(self, ino, &status));
    assert_int_equal(status.stx_size, 2);
    static const uint64_t nowhere[] = {0, 1, UINT32_MAX, (uint64_t)1 << 40, UINT64_MAX};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        assert_false(xfs_inodes_stat(self, nowhere[i], &status));
}

/* The same numbers stand for other files. */
static void btrfs_subvolumes(void **state)
{
    struct fixture *f = *state;
    mount_one(f, "mkfs.btrfs -q");
    assert_int_equal(shell_run("cd %s && btrfs -q subvolume create one && echo a > one/a && "
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
static void btrfs_files_that_are_far_apart(void **state)
{
    struct fixture *f = *state;
    mount_one(f, "mkfs.btrfs -q");
    assert_int_equal(shell_run("cd %s && mkdir far near && for i in $(seq 200); do : > far/$i && "
                               "(cd near && seq -f $i-%%.0f 100 | xargs touch); done",
                               f->mount),
                     0);
    settle(f);
    assert_in_range(compare(f, "far"), 60, 120);
    assert_int_equal(compare(f, "near"), 20000);
}

static void other_filesystems_are_none(void **state)
{
    AUTO_FD int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    assert_null(btrfs_inodes_open(fd));
    assert_null(btrfs_inodes_open(-1));
    assert_null(xfs_inodes_open("/dev/null"));
    assert_null(xfs_inodes_open("/nowhere"));
}

#define MOUNTED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOUNTED(btrfs_files),
        MOUNTED(btrfs_many_files),
        MOUNTED(btrfs_subvolumes),
        MOUNTED(btrfs_files_that_are_far_apart),
        MOUNTED(xfs_files),
        MOUNTED(xfs_with_older_times),
        MOUNTED(xfs_many_files),
        MOUNTED(xfs_whose_uuid_was_changed),
        MOUNTED(xfs_without_checksums),
        MOUNTED(xfs_that_is_damaged),
        cmocka_unit_test(other_filesystems_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
