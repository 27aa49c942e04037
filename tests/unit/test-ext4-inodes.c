/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes of ext4 read from an image: as mke2fs has written them, and damaged ones. */
#include "agent/mount/ext4-inodes.h"

#include "agent/util/crc32.h"
#include "lib/shell-run.h"
#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h> /* needs the above */

struct fixture {
    char top[32];
    char image[64];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->top, "/tmp/vlt-ext.XXXXXX");
    *state = f;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->image, sizeof f->image, "%s/image", f->top);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    shell_run_well(
        "cd %s && mkdir -p tree/d && cd tree && echo text > file && : > empty && ln file d/hard && "
        "ln -s target link && ln -s %0200d long && mkfifo fifo && truncate -s 9G sparse && "
        "echo end >> sparse && chmod 6751 file && touch -d '2030-02-03 04:05:06.789' empty && "
        "touch -d '1955-01-01 00:00:01' fifo && touch -h -d '2001-01-01' link",
        f->top, 0);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    shell_run_well("rm -rf %s", f->top);
    free(f);
    return 0;
}

static void make(struct fixture *f, const char *options)
{
    shell_run_well("rm -f %s && truncate -s 16M %s && mke2fs -q -F -d %s/tree %s %s", f->image,
                   f->image, f->top, options, f->image);
}

/* By debugfs, which is of those who have written mke2fs. */
static uint64_t number_of(struct fixture *f, const char *name)
{
    char command[256], line[1024];
    uint64_t ino = 0;
    snprintf(command, sizeof command, "debugfs -R 'stat %s' %s 2>/dev/null", name, f->image);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe))
        if (strncmp(line, "Inode: ", 7) == 0)
            ino = strtoull(line + 7, NULL, 10);
    pclose(pipe);
    assert_true(ino > 0);
    return ino;
}

static bool find(struct fixture *f, const char *name, struct statx *status, char *target)
{
    size_t length = 0;
    AUTO_EXT4_INODES ext4_inodes *self = ext4_inodes_open(f->image);
    assert_non_null(self);
    bool found = ext4_inodes_stat(self, number_of(f, name), status, target, &length);
    if (found && S_ISLNK(status->stx_mode))
        target[length] = '\0';
    return found;
}

/* As the file that mke2fs has copied. It keeps no nanoseconds, and no time of the last change. */
static void assert_as_copied(struct fixture *f, const char *name)
{
    char path[128], target[EXT4_INODES_TARGET + 1];
    struct statx got, wanted;
    snprintf(path, sizeof path, "%s/tree/%s", f->top, name);
    assert_int_equal(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &wanted), 0);
    assert_true(find(f, name, &got, target));
    assert_int_equal(got.stx_mode, wanted.stx_mode);
    assert_int_equal(got.stx_uid, wanted.stx_uid);
    assert_int_equal(got.stx_gid, wanted.stx_gid);
    assert_int_equal(got.stx_nlink, wanted.stx_nlink);
    assert_int_equal(got.stx_size, wanted.stx_size);
    assert_int_equal(got.stx_mtime.tv_sec, wanted.stx_mtime.tv_sec);
    if (S_ISLNK(wanted.stx_mode))
        assert_string_equal(target, "target");
}

static void assert_all(struct fixture *f, const char *options)
{
    static const char *const plain[] = {"file", "empty", "d/hard", "link", "fifo", "sparse"};
    struct statx status;
    char target[EXT4_INODES_TARGET];
    make(f, options);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_as_copied(f, plain[i]);
    assert_false(find(f, "d", &status, target));
    assert_false(find(f, "long", &status, target));
    assert_false(find(f, "/", &status, target));
    assert_false(find(f, "<8>", &status, target)); /* the journal, or nothing */
}

static void ext4(void **state)
{
    assert_all(*state, "-t ext4 -O metadata_csum");
    assert_all(*state, "-t ext4 -O metadata_csum -b 4096 -I 1024");
    assert_all(*state, "-t ext4 -O metadata_csum,^64bit -b 1024");
    assert_all(*state, "-t ext4 -O metadata_csum,metadata_csum_seed,64bit");
}

static void debugfs(struct fixture *f, const char *request)
{
    shell_run_well("debugfs -w -R '%s' %s > /dev/null 2>&1", request, f->image);
}

static void without_checksums_the_kernel_is_asked(void **state)
{
    static const char *const options[] = {"-t ext4 -O ^metadata_csum", "-t ext3", "-t ext2",
                                          "-t ext4 -O metadata_csum -I 128"}; /* half a checksum */
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        make(f, options[i]);
        assert_null(ext4_inodes_open(f->image));
    }
    /* mke2fs 1.47.1 has another option for it than 1.47.0. */
    make(f, "-t ext2 -O none -I 128");
    debugfs(f, "ssv rev_level 0");
    assert_null(ext4_inodes_open(f->image));
}

static void devices(void **state)
{
    struct fixture *f = *state;
    struct statx status;
    char target[EXT4_INODES_TARGET];
    make(f, "-t ext4");
    debugfs(f, "mknod small b 7 3");
    assert_true(find(f, "small", &status, target));
    assert_true(S_ISBLK(status.stx_mode));
    assert_int_equal(status.stx_rdev_major, 7);
    assert_int_equal(status.stx_rdev_minor, 3);
    debugfs(f, "sif small block[0] 0");
    debugfs(f, "sif small block[1] 0x11112c70");
    assert_true(find(f, "small", &status, target));
    assert_int_equal(status.stx_rdev_major, 300);
    assert_int_equal(status.stx_rdev_minor, 70000);
}

static void times_after_2038(void **state)
{
    struct fixture *f = *state;
    struct statx status;
    char target[EXT4_INODES_TARGET];
    make(f, "-t ext4");
    debugfs(f, "sif file mtime_extra 0x3b9ac9fd"); /* 250 million nanoseconds, 2^32 seconds */
    debugfs(f, "sif file mtime_lo 0xffffffff");
    assert_true(find(f, "file", &status, target));
    assert_int_equal(status.stx_mtime.tv_sec, (INT64_C(1) << 32) - 1);
    assert_int_equal(status.stx_mtime.tv_nsec, 0x3b9ac9fd >> 2);
}

static void what_is_unusual_is_for_the_kernel(void **state)
{
    struct fixture *f = *state;
    struct statx status;
    char target[EXT4_INODES_TARGET];
    make(f, "-t ext4 -O inline_data -I 256");
    assert_false(find(f, "file", &status, target));
    shell_run_well(
        "rm %s && truncate -s 16M %s && mke2fs -q -F -t ext4 -O meta_bg,^resize_inode %s", f->image,
        f->image, f->image);
    assert_null(ext4_inodes_open(f->image));
    assert_null(ext4_inodes_open(f->top));
    shell_run_well("truncate -s 0 %s", f->image);
    assert_null(ext4_inodes_open(f->image));
}

static void numbers_out_of_range(void **state)
{
    struct fixture *f = *state;
    static const uint64_t numbers[] = {0, 1, 2, 10, 1000000, UINT32_MAX, UINT64_MAX};
    struct statx status;
    char target[EXT4_INODES_TARGET];
    size_t length;
    make(f, "-t ext4");
    AUTO_EXT4_INODES ext4_inodes *self = ext4_inodes_open(f->image);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_false(ext4_inodes_stat(self, numbers[i], &status, target, &length));
}

/* A field of the superblock (16 bits), with the checksum that makes it right. */
static void change_super(struct fixture *f, size_t field, unsigned value)
{
    unsigned char super[1024];
    AUTO_FD int fd = open(f->image, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, super, sizeof super, 1024), sizeof super);
    super[field] = value & 255;
    super[field + 1] = (unsigned char)(value >> 8);
    uint32_t sum = htole32(crc32_castagnoli(UINT32_MAX, super, 0x3fc));
    memcpy(super + 0x3fc, &sum, sizeof sum);
    assert_int_equal(pwrite(fd, super, sizeof super, 1024), sizeof super);
}

/* The kernel does not mount it; but the superblock may be another one than it has seen. */
static void sizes_that_do_not_divide_a_block(void **state)
{
    struct fixture *f = *state;
    make(f, "-t ext4 -O metadata_csum,64bit -b 1024");
    change_super(f, 0x58, 256); /* of an inode: as it is */
    AUTO_EXT4_INODES ext4_inodes *same = ext4_inodes_open(f->image);
    assert_non_null(same);
    change_super(f, 0x58, 2048);
    assert_null(ext4_inodes_open(f->image));
    change_super(f, 0x58, 256);
    change_super(f, 0xfe, 96); /* of a descriptor */
    assert_null(ext4_inodes_open(f->image));
}

#define FIRST 11
#define LAST 24

struct answer {
    bool found;
    struct statx status;
    char target[EXT4_INODES_TARGET];
};

static void ask(ext4_inodes *self, struct answer answers[LAST - FIRST])
{
    size_t length;
    memset(answers, 0, (LAST - FIRST) * sizeof *answers);
    for (uint64_t ino = FIRST; ino < LAST; ino++) {
        struct answer *answer = &answers[ino - FIRST];
        answer->found = ext4_inodes_stat(self, ino, &answer->status, answer->target, &length);
        if (!answer->found)
            *answer = (struct answer){0};
    }
}

/* A byte of the superblock, of the descriptors, of the inodes or of anything else is another one:
 * what is answered is what was answered before, or nothing. */
static void damage(void **state)
{
    struct fixture *f = *state;
    struct answer before[LAST - FIRST], after[LAST - FIRST];
    size_t kept = 0, lost = 0;
    make(f, "-t ext4 -O metadata_csum -b 1024 -N 32");
    AUTO_EXT4_INODES ext4_inodes *whole = ext4_inodes_open(f->image);
    assert_non_null(whole);
    ask(whole, before);
    AUTO_FD int fd = open(f->image, O_RDWR | O_CLOEXEC);
    for (off_t at = 1024; at < 256 * 1024; at += at < 4096 ? 1 : 7) {
        unsigned char byte, other;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        other = byte ^ (unsigned char)(1 + at % 255);
        assert_int_equal(pwrite(fd, &other, 1, at), 1);
        AUTO_EXT4_INODES ext4_inodes *self = ext4_inodes_open(f->image);
        if (self)
            ask(self, after);
        for (size_t i = 0; self && i < LAST - FIRST; i++) {
            kept += after[i].found;
            lost += before[i].found && !after[i].found;
            if (after[i].found)
                assert_memory_equal(&after[i], &before[i], sizeof before[i]);
        }
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_true(kept > 0);
    assert_true(lost > 100); /* each inode has 256 bytes */
}

static void a_wrong_checksum_is_seen(void **state)
{
    struct fixture *f = *state;
    struct statx status;
    char target[EXT4_INODES_TARGET];
    size_t length;
    make(f, "-t ext4 -O metadata_csum");
    uint64_t ino = number_of(f, "file");
    AUTO_EXT4_INODES ext4_inodes *before = ext4_inodes_open(f->image);
    assert_true(ext4_inodes_stat(before, ino, &status, target, &length));
    debugfs(f, "sif file checksum 0x12345678");
    AUTO_EXT4_INODES ext4_inodes *after = ext4_inodes_open(f->image);
    assert_false(ext4_inodes_stat(after, ino, &status, target, &length));
    assert_true(find(f, "empty", &status, target));
}

static void castagnoli(void **state)
{
    static const unsigned char digits[] = "123456789";
    (void)state;
    /* The check value of CRC-32/ISCSI; the kernel's does not complement. */
    assert_int_equal(crc32_castagnoli(UINT32_MAX, digits, 9) ^ UINT32_MAX, 0xe3069283);
    assert_int_equal(crc32_castagnoli(crc32_castagnoli(UINT32_MAX, digits, 4), digits + 4, 5) ^
                         UINT32_MAX,
                     0xe3069283);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(ext4),
        TEST(without_checksums_the_kernel_is_asked),
        TEST(devices),
        TEST(times_after_2038),
        TEST(what_is_unusual_is_for_the_kernel),
        TEST(numbers_out_of_range),
        TEST(sizes_that_do_not_divide_a_block),
        TEST(damage),
        TEST(a_wrong_checksum_is_seen),
        cmocka_unit_test(castagnoli),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
