/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a vfat read from an image: as mtools has written them, and damaged ones. */
#include "agent/mount/fat-inodes.h"

#include "agent/mount/fat-directory.h"
#include "agent/mount/little-endian.h"
#include "lib/shell-run.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

#define ROOT 1 /* its number, as the kernel's */

struct fixture {
    char top[32];
    char image[64];
    char tree[64]; /* what is in the image; the kernel's answers come from here */
    int at;
    fat_inodes *inodes;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->top, "/tmp/vlt-fat.XXXXXX");
    *state = f;
    f->at = -1;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->image, sizeof f->image, "%.31s/image", f->top);
    snprintf(f->tree, sizeof f->tree, "%.31s/tree", f->top);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("MTOOLS_SKIP_CHECK", "1", 1);
    shell_run_well(
        "mkdir -p %s/SUB && cd %s && echo text > SHORT.TXT && echo lower > lower.txt && "
        "echo 1 > 'a name that needs more than one slot of a directory' && : > EMPTY && "
        "echo 2 > 'mixed Case.Extension' && echo 3 > 'größer €.txt' && echo 4 > SUB/inner && "
        "touch -d '2001-02-03 04:05:06Z' SHORT.TXT && touch -d '1980-01-01 00:00:00Z' EMPTY && "
        "touch -d '2096-02-29 23:59:58Z' lower.txt",
        f->tree, f->tree);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    fat_inodes_free(f->inodes);
    if (f->at >= 0)
        close(f->at);
    shell_run_well("rm -rf %s", f->top);
    free(f);
    return 0;
}

static void make(struct fixture *f, unsigned bits, const char *size)
{
    if (system("command -v mkfs.vfat mcopy > /dev/null") != 0)
        skip();
    shell_run_well(
        "cd %s && truncate -s %s image && mkfs.vfat -F %u image > /dev/null && cd tree && "
        "mcopy -m -s -i ../image * ::",
        f->top, size, bits);
    f->at = open(f->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->at >= 0);
}

static void look_again(struct fixture *f)
{
    fat_inodes_free(f->inodes);
    f->inodes = fat_inodes_open(f->image);
}

static bool stat_one(struct fixture *f, uint64_t directory, const char *name, struct statx *status)
{
    const struct device_inodes_file file = {
        .directory = directory, .at = f->at, .name = name, .ino = 7, .regular = true};
    return fat_inodes_stat(f->inodes, &file, status);
}

static bool is_found(struct fixture *f, uint64_t directory, const char *name)
{
    struct statx status;
    look_again(f);
    return f->inodes && stat_one(f, directory, name, &status);
}

static void assert_as_written(struct fixture *f, const char *name)
{
    struct statx got;
    struct stat wanted;
    assert_true(stat_one(f, ROOT, name, &got));
    assert_int_equal(fstatat(f->at, name, &wanted, 0), 0);
    assert_int_equal(got.stx_size, wanted.st_size);
    assert_int_equal(got.stx_mode, wanted.st_mode);
    assert_int_equal(got.stx_mtime.tv_sec, wanted.st_mtime & ~1); /* FAT counts two seconds */
    assert_int_equal(got.stx_nlink, 1);
    assert_int_equal(got.stx_blocks > 0, wanted.st_size > 0);
}

/* Of the entry with that short name: its offset in the image. */
static off_t find_entry(struct fixture *f, const char *short_name)
{
    static unsigned char bytes[4 << 20];
    AUTO_FD int fd = open(f->image, O_RDONLY | O_CLOEXEC);
    ssize_t length = pread(fd, bytes, sizeof bytes, 0);
    for (ssize_t at = 0; at + FAT_DIRECTORY_ENTRY <= length; at += FAT_DIRECTORY_ENTRY)
        if (memcmp(bytes + at, short_name, 11) == 0)
            return at;
    fail_msg("no entry of %s", short_name);
    return 0;
}

static void put_in_image(struct fixture *f, off_t at, const void *bytes, size_t count)
{
    AUTO_FD int fd = open(f->image, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes, count, at), count);
}

static void get_from_image(struct fixture *f, off_t at, void *bytes, size_t count)
{
    AUTO_FD int fd = open(f->image, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, bytes, count, at), count);
}

static void files_of(void **state, unsigned bits, const char *size)
{
    struct fixture *f = *state;
    struct statx status;
    static const char *const names[] = {"SHORT.TXT",
                                        "lower.txt",
                                        "a name that needs more than one slot of a directory",
                                        "EMPTY",
                                        "mixed Case.Extension",
                                        "größer €.txt"};
    make(f, bits, size);
    look_again(f);
    assert_non_null(f->inodes);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_as_written(f, names[i]);
    assert_false(stat_one(f, ROOT, "SUB", &status));
    assert_false(stat_one(f, ROOT, "short.txt", &status));
    assert_false(stat_one(f, ROOT, "nowhere", &status));
    off_t at = find_entry(f, "SUB        ");
    assert_int_equal(linkat(f->at, "SUB/inner", f->at, "inner", 0), 0);
    assert_true(stat_one(f, (uint64_t)at / FAT_DIRECTORY_ENTRY, "inner", &status));
    assert_int_equal(status.stx_size, 2);
    assert_int_equal(status.stx_ino, find_entry(f, "INNER      ") / FAT_DIRECTORY_ENTRY);
}

static void fat12_files(void **state)
{
    files_of(state, 12, "2M");
}

static void fat16_files(void **state)
{
    files_of(state, 16, "16M");
}

static void fat32_files(void **state)
{
    files_of(state, 32, "64M");
}

static void a_file_that_is_read_only(void **state)
{
    struct fixture *f = *state;
    struct statx status;
    make(f, 16, "16M");
    shell_run_well("mattrib -i %s +r ::SHORT.TXT", f->image);
    assert_false(
        is_found(f, ROOT, "SHORT.TXT")); /* of this one alone the permissions are unknown */
    assert_as_written(f, "lower.txt");
    assert_true(stat_one(f, ROOT, "SHORT.TXT", &status));
    assert_int_equal(status.stx_mode & 0222, 0);
}

/* Its clusters are not in one place, and more than one of the table's sectors has their numbers. */
static void a_large_directory(void **state)
{
    struct fixture *f = *state;
    make(f, 12, "2M");
    shell_run_well("cd %s && for i in $(seq 700); do : > \"SUB/file number $i\"; done && "
                   "mcopy -D o -s -i ../image SUB ::",
                   f->tree);
    off_t at = find_entry(f, "SUB        ");
    close(f->at);
    char path[80];
    snprintf(path, sizeof path, "%s/SUB", f->tree);
    f->at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    look_again(f);
    for (unsigned i = 1; i <= 700; i++) {
        struct statx status;
        char name[32];
        snprintf(name, sizeof name, "file number %u", i);
        assert_true(stat_one(f, (uint64_t)at / FAT_DIRECTORY_ENTRY, name, &status));
    }
}

static void names_that_are_damaged(void **state)
{
    struct fixture *f = *state;
    unsigned char entry[FAT_DIRECTORY_ENTRY], slot[FAT_DIRECTORY_ENTRY];
    make(f, 16, "16M");
    assert_true(is_found(f, ROOT, "mixed Case.Extension"));
    off_t at = find_entry(f, "MIXEDC~1EXT");
    get_from_image(f, at - FAT_DIRECTORY_ENTRY, slot, sizeof slot);
    for (size_t i = 0; i < 2; i++) { /* the number of the part, the checksum */
        static const size_t places[] = {0, 13};
        unsigned char other = slot[places[i]] ^ 4;
        off_t where = at - FAT_DIRECTORY_ENTRY + (off_t)places[i];
        put_in_image(f, where, &other, 1);
        assert_false(is_found(f, ROOT, "mixed Case.Extension"));
        put_in_image(f, where, slot + places[i], 1);
    }
    /* The same name twice: the kernel shows both, and finds the first. */
    off_t lower = find_entry(f, "LOWER   TXT"), upper = find_entry(f, "SHORT   TXT");
    assert_true(is_found(f, ROOT, "SHORT.TXT"));
    get_from_image(f, upper, entry, sizeof entry);
    put_in_image(f, lower, entry, sizeof entry);
    assert_false(is_found(f, ROOT, "SHORT.TXT"));
}

static void a_chain_that_is_damaged(void **state)
{
    struct fixture *f = *state;
    unsigned char boot[512], number[2], chain[2];
    make(f, 16, "16M");
    off_t at = find_entry(f, "SUB        ");
    uint64_t ino = (uint64_t)at / FAT_DIRECTORY_ENTRY;
    assert_int_equal(linkat(f->at, "SUB/inner", f->at, "inner", 0), 0);
    assert_true(is_found(f, ino, "inner"));
    get_from_image(f, 0, boot, sizeof boot);
    get_from_image(f, at + 26, number, sizeof number);
    off_t table = (off_t)little_endian_16(boot + 14) * little_endian_16(boot + 11) +
                  (off_t)little_endian_16(number) * 2;
    /* Round in a circle, not in use, bad, behind the end. */
    const unsigned wrong[] = {little_endian_16(number), 0, 1, 0xfff7, 0xfff0};
    get_from_image(f, table, chain, sizeof chain);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const unsigned char bytes[2] = {wrong[i] & 255, (unsigned char)(wrong[i] >> 8)};
        put_in_image(f, table, bytes, sizeof bytes);
        assert_false(is_found(f, ino, "inner"));
    }
    put_in_image(f, table, chain, sizeof chain);
    assert_true(is_found(f, ino, "inner"));
    put_in_image(f, at + 26, "\xf0\xff", 2);
    assert_false(is_found(f, ino, "inner"));
    static const uint64_t nowhere[] = {0, 2, 100, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        assert_false(is_found(f, nowhere[i], "inner"));
}

/* Whatever stands there, nothing but an answer or none comes of it. */
static void any_bytes(void **state)
{
    struct fixture *f = *state;
    unsigned char boot[64], entry[FAT_DIRECTORY_ENTRY];
    unsigned opened = 0;
    make(f, 12, "2M");
    off_t at = find_entry(f, "SHORT   TXT");
    get_from_image(f, 0, boot, sizeof boot);
    get_from_image(f, at, entry, sizeof entry);
    srand(1);
    for (unsigned i = 0; i < 3000; i++) {
        size_t place = 11 + (size_t)rand() % 37, field = (size_t)rand() % sizeof entry;
        unsigned char byte = (unsigned char)rand(), other = (unsigned char)rand();
        put_in_image(f, (off_t)place, &byte, 1);
        put_in_image(f, at + (off_t)field, &other, 1);
        is_found(f, ROOT, "SHORT.TXT");
        is_found(f, (uint64_t)rand(), "inner");
        opened += f->inodes != NULL;
        if (i % 3 == 2)
            put_in_image(f, 0, boot, sizeof boot);
        put_in_image(f, at, entry, sizeof entry);
    }
    assert_in_range(opened, 100, 3000);
}

static void what_is_no_fat(void **state)
{
    (void)state;
    assert_null(fat_inodes_open("/dev/null"));
    assert_null(fat_inodes_open("/dev/zero"));
    assert_null(fat_inodes_open("/nowhere"));
}

#define WITH_IMAGE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_IMAGE(fat12_files),
        WITH_IMAGE(fat16_files),
        WITH_IMAGE(fat32_files),
        WITH_IMAGE(a_file_that_is_read_only),
        WITH_IMAGE(a_large_directory),
        WITH_IMAGE(names_that_are_damaged),
        WITH_IMAGE(a_chain_that_is_damaged),
        WITH_IMAGE(any_bytes),
        cmocka_unit_test(what_is_no_fat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
