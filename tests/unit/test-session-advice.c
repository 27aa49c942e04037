/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which lines of the kernel's log mean that a journal had to be replayed on a read-only disk. */
#include "agent/session/session-advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h> /* needs the above */

static void a_refused_replay_is_recognized(void **state)
{
    static const struct {
        const char *line, *device, *option;
    } lines[] = {
        {"EXT4-fs (sdc): write access unavailable, cannot proceed (try mounting with noload)",
         "sdc", "noload"},
        {"XFS (dm-12): write access unavailable, cannot proceed.", "dm-12", "norecovery"},
        {"F2FS-fs (sda1): Need to recover fsync data, but write access unavailable, please try "
         "mount w/ disable_roll_forward or norecovery",
         "sda1", "norecovery"},
        {"BTRFS warning (device sdb): log replay required on RO media", "sdb",
         "rescue=nologreplay"},
        {"BTRFS warning (device sdb: state M): log replay required on RO media", "sdb",
         "rescue=nologreplay"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char device[SESSION_ADVICE_DEVICE_MAX];
        const char *option;
        if (!session_advice_read(lines[i].line, device, &option))
            fail_msg("not recognized: %s", lines[i].line);
        assert_string_equal(device, lines[i].device);
        assert_string_equal(option, lines[i].option);
    }
}

static void other_lines_are_not(void **state)
{
    static const char *const lines[] = {
        "",
        "EXT4-fs (sda): INFO: recovery required on readonly filesystem",
        "EXT4-fs (sda): write access will be enabled during recovery",
        "write access unavailable",
        "EXT4-fs (): write access unavailable",
        "EXT4-fs (../../etc): write access unavailable",
        "EXT4-fs (a name that is longer than any device of the kernel's): write access unavailable",
        "systemd (sda): write access unavailable",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char device[SESSION_ADVICE_DEVICE_MAX];
        const char *option;
        if (session_advice_read(lines[i], device, &option))
            fail_msg("taken for one: %s", lines[i]);
    }
}

static void without_a_log_nothing_is_said(void **state)
{
    char text[SESSION_ADVICE_MAX];
    (void)state;
    assert_false(session_advice_end(-1, false, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_replay_is_recognized),
        cmocka_unit_test(other_lines_are_not),
        cmocka_unit_test(without_a_log_nothing_is_said),
    };
    return cmocka_run_group_tests_name("session-advice", tests, NULL, NULL);
}
