/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The marks that filesystems have of their last unmounting. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "agent/mount/filesystem-state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

/* Some bytes of an image; what lies between them is zeros. */
struct bytes {
    off_t at;
    size_t length;
    const char *bytes;
};

#define END                                                                                        \
    {                                                                                              \
        -1, 0, NULL                                                                                \
    }

static int image_of(const struct bytes *parts)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 8 << 20), 0);
    for (; parts->at >= 0; parts++)
        assert_int_equal(pwrite(fd, parts->bytes, parts->length, parts->at), parts->length);
    return fd;
}

static void assert_state(const char *type, const struct bytes *parts,
                         enum filesystem_state expected)
{
    int fd = image_of(parts);
    assert_int_equal(filesystem_state_read(type, fd), expected);
    close(fd);
}

static void test_ext(void **state)
{
    (void)state;
    const struct bytes journal[] = {{1024 + 0x5c, 1, "\4"}, {1024 + 0x60, 1, "\4"}, END};
    const struct bytes fast[] = {{1024 + 0x5c, 2, "\4\4"}, {1024 + 0x60, 1, "\4"}, END};
    const struct bytes clean[] = {{1024 + 0x5c, 1, "\4"}, {1024 + 0x60, 1, "\3"}, END};
    const struct bytes without[] = {{1024 + 0x3a, 1, "\1"}, END};
    const struct bytes mounted[] = {END};
    assert_state("ext4", journal, FILESYSTEM_JOURNAL);
    assert_state("ext4", fast, FILESYSTEM_FAST_COMMITS);
    assert_state("ext3", clean, FILESYSTEM_CLEAN);
    assert_state("ext2", without, FILESYSTEM_CLEAN);
    assert_state("ext2", mounted, FILESYSTEM_UNCLEAN);
}

static void test_btrfs(void **state)
{
    (void)state;
    const struct bytes log[] = {{0x10060, 8, "\0\0\1\0\0\0\0\0"}, END}, none[] = {END};
    assert_state("btrfs", log, FILESYSTEM_JOURNAL);
    assert_state("btrfs", none, FILESYSTEM_CLEAN);
}

/* FAT32: no sectors per table of 16 bits; one reserved sector of 512 bytes before the table. */
static void test_fat(void **state)
{
    (void)state;
    const struct bytes clean[] = {
        {0x0b, 2, "\0\2"}, {0x0e, 1, "\1"}, {512 + 4, 4, "\xff\xff\xff\x0f"}, END};
    const struct bytes dirty[] = {
        {0x0b, 2, "\0\2"}, {0x0e, 1, "\1"}, {0x41, 1, "\1"}, {512 + 4, 4, "\xff\xff\xff\x0f"}, END};
    const struct bytes windows[] = {
        {0x0b, 2, "\0\2"}, {0x0e, 1, "\1"}, {512 + 4, 4, "\xff\xff\xff\x07"}, END};
    /* 2880 sectors: a diskette with a FAT12, whose second entry says nothing. */
    const struct bytes small[] = {{0x0b, 3, "\0\2\1"},   {0x0e, 3, "\1\0\2"}, {0x11, 2, "\xe0\0"},
                                  {0x13, 2, "\x40\x0b"}, {0x16, 1, "\x09"},   END};
    assert_state("vfat", clean, FILESYSTEM_CLEAN);
    assert_state("vfat", dirty, FILESYSTEM_UNCLEAN);
    assert_state("vfat", windows, FILESYSTEM_UNCLEAN);
    assert_state("vfat", small, FILESYSTEM_CLEAN);
}

/* Clusters of 4096 bytes, MFT at the fourth, records of 1024: that of $Volume is the fourth. */
#define NTFS_BOOT                                                                                  \
    {0x0b, 3, "\0\2\x08"}, {0x30, 1, "\4"},                                                        \
    {                                                                                              \
        0x40, 1, "\xf6"                                                                            \
    }
#define NTFS_RECORD (4 * 4096 + 3 * 1024)
#define NTFS_HEAD                                                                                  \
    {NTFS_RECORD, 4, "FILE"},                                                                      \
    {                                                                                              \
        NTFS_RECORD + 0x14, 1, "\x38"                                                              \
    }

static void test_ntfs(void **state)
{
    (void)state;
    /* An attribute of another type before it, 0x60 bytes long. */
    const struct bytes dirty[] = {NTFS_BOOT,
                                  NTFS_HEAD,
                                  {NTFS_RECORD + 0x38, 5, "\x10\0\0\0\x60"},
                                  {NTFS_RECORD + 0x98, 5, "\x70\0\0\0\x28"},
                                  {NTFS_RECORD + 0x98 + 0x14, 1, "\x18"},
                                  {NTFS_RECORD + 0x98 + 0x18 + 10, 1, "\1"},
                                  END};
    const struct bytes clean[] = {NTFS_BOOT,
                                  NTFS_HEAD,
                                  {NTFS_RECORD + 0x38, 5, "\x70\0\0\0\x28"},
                                  {NTFS_RECORD + 0x38 + 0x14, 1, "\x18"},
                                  END};
    /* An attribute that is shorter than its own head would never let the search end. */
    const struct bytes endless[] = {
        NTFS_BOOT, NTFS_HEAD, {NTFS_RECORD + 0x38, 5, "\x10\0\0\0\0"}, END};
    const struct bytes far[] = {
        {0x0b, 3, "\0\2\x08"}, {0x30, 8, "\xff\xff\xff\xff\xff\xff\xff\xff"}, END};
    assert_state("ntfs", dirty, FILESYSTEM_UNCLEAN);
    assert_state("ntfs", clean, FILESYSTEM_CLEAN);
    assert_state("ntfs", endless, FILESYSTEM_UNKNOWN);
    assert_state("ntfs", far, FILESYSTEM_UNKNOWN);
}

static void test_hfsplus(void **state)
{
    (void)state;
    const struct bytes clean[] = {{1024, 8, "H+\0\4\0\0\1\0"}, END};
    const struct bytes mounted[] = {{1024, 8, "H+\0\4\0\0\0\0"}, END};
    const struct bytes wrapped[] = {{1024, 8, "BD\0\4\0\0\0\0"}, END};
    assert_state("hfsplus", clean, FILESYSTEM_CLEAN);
    assert_state("hfsplus", mounted, FILESYSTEM_UNCLEAN);
    assert_state("hfsplus", wrapped, FILESYSTEM_UNKNOWN);
}

/* The anchor says where descriptors are, one of these where the integrity's is. */
#define UDF_ANCHOR                                                                                 \
    {256 * 2048, 2, "\2\0"}, {256 * 2048 + 12, 2, "\0\1"},                                         \
    {                                                                                              \
        256 * 2048 + 16, 8, "\0\x10\0\0\x20\0\0\0"                                                 \
    }
#define UDF_VOLUME                                                                                 \
    {33 * 2048, 2, "\6\0"},                                                                        \
    {                                                                                              \
        33 * 2048 + 432, 8, "\0\x08\0\0\x40\0\0\0"                                                 \
    }

static void test_udf(void **state)
{
    (void)state;
    const struct bytes closed[] = {
        UDF_ANCHOR, UDF_VOLUME, {64 * 2048, 1, "\x09"}, {64 * 2048 + 28, 1, "\1"}, END};
    const struct bytes open[] = {UDF_ANCHOR, UDF_VOLUME, {64 * 2048, 1, "\x09"}, END};
    const struct bytes lost[] = {UDF_ANCHOR, END};
    assert_state("udf", closed, FILESYSTEM_CLEAN);
    assert_state("udf", open, FILESYSTEM_UNCLEAN);
    assert_state("udf", lost, FILESYSTEM_UNKNOWN);
}

static void test_hfs(void **state)
{
    (void)state;
    const struct bytes clean[] = {{1024, 2, "BD"}, {1034, 1, "\1"}, END};
    const struct bytes mounted[] = {{1024, 2, "BD"}, END};
    const struct bytes damaged[] = {{1024, 2, "BD"}, {1034, 1, "\x09"}, END};
    const struct bytes none[] = {{1034, 1, "\1"}, END};
    assert_state("hfs", clean, FILESYSTEM_CLEAN);
    assert_state("hfs", mounted, FILESYSTEM_UNCLEAN);
    assert_state("hfs", damaged, FILESYSTEM_UNCLEAN);
    assert_state("hfs", none, FILESYSTEM_UNKNOWN);
}

static void test_jfs(void **state)
{
    (void)state;
    const struct bytes clean[] = {{0x8000, 4, "JFS1"}, END}, none[] = {END};
    const struct bytes mounted[] = {{0x8000, 4, "JFS1"}, {0x8028, 1, "\1"}, END};
    assert_state("jfs", clean, FILESYSTEM_CLEAN);
    assert_state("jfs", mounted, FILESYSTEM_UNCLEAN);
    assert_state("jfs", none, FILESYSTEM_UNKNOWN);
}

static void test_minix(void **state)
{
    (void)state;
    const struct bytes clean[] = {{1040, 4, "\x8f\x13\1\0"}, END};
    const struct bytes mounted[] = {{1040, 4, "\x78\x24\0\0"}, END};
    const struct bytes damaged[] = {{1040, 4, "\x7f\x13\3\0"}, END};
    const struct bytes third[] = {{1048, 2, "\x5a\x4d"}, END};
    assert_state("minix", clean, FILESYSTEM_CLEAN);
    assert_state("minix", mounted, FILESYSTEM_UNCLEAN);
    assert_state("minix", damaged, FILESYSTEM_UNCLEAN);
    assert_state("minix", third, FILESYSTEM_UNKNOWN);
}

static void test_others(void **state)
{
    (void)state;
    const struct bytes none[] = {END}, dirty[] = {{106, 1, "\2"}, END};
    assert_state("exfat", dirty, FILESYSTEM_UNCLEAN);
    assert_state("xfs", none, FILESYSTEM_UNKNOWN);
    assert_int_equal(filesystem_state_read("ext4", -1), FILESYSTEM_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ext),    cmocka_unit_test(test_btrfs),   cmocka_unit_test(test_fat),
        cmocka_unit_test(test_ntfs),   cmocka_unit_test(test_hfsplus), cmocka_unit_test(test_udf),
        cmocka_unit_test(test_hfs),    cmocka_unit_test(test_jfs),     cmocka_unit_test(test_minix),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
