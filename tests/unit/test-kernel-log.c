/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of the kernel's log: their level and first line. */
#include "agent/mount/kernel-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

/* A log as /dev/kmsg: a read gives one record; then there are no more. */
static int log_of(const char *const *records, int *writing)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    for (; *records; records++)
        assert_int_equal(send(ends[1], *records, strlen(*records), 0), strlen(*records));
    *writing = ends[1];
    return ends[0];
}

static void a_record_is_its_first_line_and_its_level(void **state)
{
    static const char *const records[] = {
        "5,700,1000,-;sd 2:0:9:0: [sdj] Attached SCSI disk\n SUBSYSTEM=scsi\n DEVICE=+scsi:2:0:9:0",
        "no record at all\n", "12,703,1003,-;XFS (sda1): a; b\n", "3,704,1004,-;", NULL};
    static const struct {
        int level;
        const char *text;
    } expected[] = {{5, "sd 2:0:9:0: [sdj] Attached SCSI disk"}, {4, "XFS (sda1): a; b"}, {3, ""}};
    char text[KERNEL_LOG_LINE_MAX];
    int level, writing, log = log_of(records, &writing);
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(kernel_log_next(log, &level, text));
        assert_int_equal(level, expected[i].level);
        assert_string_equal(text, expected[i].text);
    }
    assert_false(kernel_log_next(log, &level, text));
    close(log);
    close(writing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_its_first_line_and_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
