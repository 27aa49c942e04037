/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the kernel's log is the reason for a mount that failed. */
#include "agent/mount/kernel-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

/* A log as /dev/kmsg: a read gives one record; then there are no more. */
static void assert_reason(const char *const *records, const char *fstype, const char *expected)
{
    char text[128] = "";
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    for (; *records; records++)
        assert_int_equal(send(ends[1], *records, strlen(*records), 0), strlen(*records));
    assert_int_equal(kernel_log_end(ends[0], "sda1", fstype, text, sizeof text), *expected != '\0');
    assert_string_equal(text, expected);
    close(ends[0]);
    close(ends[1]);
}

static void test_of_this_device(void **state)
{
    (void)state;
    static const char *const records[] = {
        "5,700,1000,-;sd 2:0:9:0: [sdj] Attached SCSI disk\n SUBSYSTEM=scsi\n DEVICE=+scsi:2:0:9:0",
        "3,701,1001,-;I/O error, dev sda12, sector 64 op 0x0:(READ)\n",
        "3,702,1002,-;XFS (sdab): SB sanity check failed\n",
        "4,703,1003,-;XFS (sda1): Superblock has bad magic\n",
        "4,704,1004,-;XFS (sda1): SB validate failed\n",
        NULL};
    assert_reason(records, "xfs", "Superblock has bad magic");
}

static void test_of_a_filesystem_that_names_none(void **state)
{
    (void)state;
    static const char *const records[] = {
        "4,700,1000,-;GPT:1023 != 2047\n",
        "3,701,1001,-;SQUASHFS error: unable to read id index table\n", NULL};
    assert_reason(records, "squashfs", "SQUASHFS error: unable to read id index table");
}

static void test_of_others_only(void **state)
{
    (void)state;
    static const char *const records[] = {"6,700,1000,-; sdj: sdj1 sdj2\n", "no record at all\n",
                                          "3,701,1001,-;EXT4-fs (sdb): VFS: Can't find it\n", NULL};
    assert_reason(records, "xfs", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_this_device),
        cmocka_unit_test(test_of_a_filesystem_that_names_none),
        cmocka_unit_test(test_of_others_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
