/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of many lines is the reason for a mount that failed. The lines are Linux 6.1's and
 * ntfs-3g's. */
#include "agent/mount/mount-reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

/* Of lines that begin with their level. */
static struct mount_reason heard(const char *fstype, const char *const *lines)
{
    struct mount_reason reason = {.rank = 0};
    for (; *lines; lines++)
        mount_reason_hear(&reason, fstype, "sda1", atoi(*lines), *lines + 1);
    return reason;
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_reason(const char *fstype, const char *const *lines, const char *expected)
{
    struct mount_reason reason = heard(fstype, lines);
    assert_string_equal(reason.text, expected);
    assert_false(reason.unsupported);
}

static void the_most_severe_line_and_of_these_the_first(void **state)
{
    (void)state;
    assert_reason("ext2",
                  LINES("6EXT4-fs (sda1): mounting ext2 file system using the ext4 subsystem",
                        "4EXT4-fs (sda1): bad geometry: block count 8192 exceeds size of device "
                        "(5120 blocks)"),
                  "bad geometry: block count 8192 exceeds size of device (5120 blocks)");
    assert_reason("xfs",
                  LINES("5XFS (sda1): Mounting V5 Filesystem", "5XFS (sda1): Starting recovery",
                        "4XFS (sda1): log mount/recovery failed: error -117"),
                  "log mount/recovery failed: error -117");
    assert_reason(
        "btrfs",
        LINES("6BTRFS: device fsid 348caea1 devid 1 transid 6 /dev/sda1 scanned by init (1)",
              "3BTRFS error (device sda1): failed to read chunk root",
              "2BTRFS critical (device sda1): corrupt leaf: root=3",
              "3BTRFS error (device sda1): open_ctree failed"),
        "corrupt leaf: root=3");
}

static void some_filesystems_say_why_first_whatever_the_level(void **state)
{
    (void)state;
    assert_reason("f2fs",
                  LINES("6F2FS-fs (sda1): Wrong SSA boundary, start(3584) end(4096) blocks(3072)",
                        "3F2FS-fs (sda1): Can't find valid F2FS filesystem in 1th superblock"),
                  "Wrong SSA boundary, start(3584) end(4096) blocks(3072)");
}

static void lines_about_other_devices_are_skipped(void **state)
{
    (void)state;
    assert_reason("xfs",
                  LINES("5sd 2:0:9:0: [sdj] Attached SCSI disk",
                        "3I/O error, dev sda12, sector 64 op 0x0:(READ)",
                        "3XFS (sdab): SB sanity check failed",
                        "4XFS (sda1): Superblock has bad magic"),
                  "Superblock has bad magic");
    assert_reason("xfs",
                  LINES("6 sdj: sdj1 sdj2", "3EXT4-fs (sdb): VFS: Can't find it",
                        "3SQUASHFS error: unable to read id index table"),
                  "");
}

static void a_filesystem_that_names_itself_alone(void **state)
{
    (void)state;
    assert_reason("squashfs",
                  LINES("4GPT:1023 != 2047", "3SQUASHFS error: unable to read id index table"),
                  "SQUASHFS error: unable to read id index table");
    assert_reason("iso9660", LINES("4ISOFS: Unable to identify CD-ROM format."),
                  "ISOFS: Unable to identify CD-ROM format.");
    assert_reason(
        "ext4",
        LINES("3JBD2: no valid journal superblock found", "3EXT4-fs (sda1): error loading journal"),
        "JBD2: no valid journal superblock found");
}

static void what_this_kernel_cannot_read_is_not_damaged(void **state)
{
    static const struct {
        const char *fstype, *line, *takes;
    } cases[] = {
        {"xfs",
         "4XFS (sda1): File system with blocksize 65536 bytes. Only pagesize (4096) or less will "
         "currently work.",
         "pages"},
        {"ext4", "4EXT4-fs (sda1): bad block size 65536", "pages"},
        {"btrfs",
         "3BTRFS error (device sda1): sectorsize 16384 not supported yet, only support 4096",
         "pages"},
        {"ext4", "3EXT4-fs (sda1): Couldn't mount because of unsupported optional features (8000)",
         "newer"},
        {"xfs", "4XFS (sda1): Superblock has unknown incompatible features (0x80) enabled.",
         "newer"},
        {"erofs",
         "3erofs: (device sda1): erofs_read_superblock: unidentified incompatible feature 80000000",
         "newer"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* Also where more severe things are said. */
        struct mount_reason reason =
            heard(cases[i].fstype, LINES("2a (sda1): what follows from it", cases[i].line));
        assert_true(reason.unsupported);
        assert_non_null(strstr(reason.takes, cases[i].takes));
        assert_non_null(strstr(cases[i].line, reason.text));
    }
    assert_reason("ext4", LINES("3EXT4-fs (sda1): bad block size 3072"), "bad block size 3072");
    assert_reason("btrfs", LINES("3BTRFS error (device sda1): failed to read chunk tree: -22"),
                  "failed to read chunk tree: -22");
}

static void what_a_driver_tells_its_caller(void **state)
{
    struct mount_reason reason = {.rank = 0};
    (void)state;
    mount_reason_hear_driver(&reason, "squashfs", "i as always");
    assert_false(mount_reason_is_known(&reason));
    mount_reason_hear_driver(&reason, "squashfs", "e xattr table is cut");
    assert_true(mount_reason_is_known(&reason));
    assert_string_equal(reason.text, "xattr table is cut");
}

static void an_error_of_the_disk_is_one_and_a_pointer_to_nowhere_is_not(void **state)
{
    static const char beyond[] = "6init: attempt to access beyond end of device\\x0asda1: rw=4096, "
                                 "sector=4294967294, nr_sectors = 2 limit=2328";
    static const char other[] = "6init: attempt to access beyond end of device\\x0asda12: rw=4096";
    static const char isofs[] = "4ISOFS: unable to read i-node block";
    static const char disk[] = "3I/O error, dev sda, sector 64 op 0x0:(READ) flags 0x1000";
    struct mount_reason reason;
    (void)state;
    reason = heard("iso9660", LINES(beyond, isofs));
    assert_true(mount_reason_is_damage(&reason));
    reason = heard("iso9660", LINES(beyond));
    assert_true(mount_reason_is_damage(&reason));
    reason = heard("iso9660", LINES(isofs));
    assert_true(mount_reason_is_damage(&reason));
    reason = heard("iso9660", LINES(other));
    assert_false(mount_reason_is_damage(&reason));
    reason = heard("iso9660", LINES(disk, isofs));
    assert_false(mount_reason_is_damage(&reason));
    reason = heard("iso9660", LINES(beyond, "5blk_print_req_error: 30 callbacks suppressed"));
    assert_false(mount_reason_is_damage(&reason));
}

static void assert_helper(const char *printed, const char *expected)
{
    struct mount_reason reason = {.rank = 0};
    mount_reason_hear_helper(&reason, printed, "/dev/sda");
    assert_string_equal(reason.text, expected);
}

static void a_helpers_first_line_and_no_advice(void **state)
{
    (void)state;
    assert_helper("$MFTMirr does not match $MFT (record 3).\n"
                  "Failed to mount '/dev/sda': Input/output error\n"
                  "NTFS is either inconsistent, or there is a hardware fault, or it's a\n",
                  "$MFTMirr does not match $MFT (record 3).");
    assert_helper("Failed to mount '/dev/sda': Invalid argument\n"
                  "The device '/dev/sda' doesn't seem to have a valid NTFS.\n"
                  "Maybe the wrong device is used? Or the whole disk instead of a\n",
                  "The device doesn't seem to have a valid NTFS.");
    assert_helper("Failed to mount '/dev/sda': Cannot allocate memory\n",
                  "Failed to mount: Cannot allocate memory");
    assert_helper("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_severe_line_and_of_these_the_first),
        cmocka_unit_test(some_filesystems_say_why_first_whatever_the_level),
        cmocka_unit_test(lines_about_other_devices_are_skipped),
        cmocka_unit_test(a_filesystem_that_names_itself_alone),
        cmocka_unit_test(what_this_kernel_cannot_read_is_not_damaged),
        cmocka_unit_test(an_error_of_the_disk_is_one_and_a_pointer_to_nowhere_is_not),
        cmocka_unit_test(what_a_driver_tells_its_caller),
        cmocka_unit_test(a_helpers_first_line_and_no_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
