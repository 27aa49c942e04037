/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_status_has_its_word(void **state)
{
    static const char *const words[] = {"ok",          "empty",   "encrypted",
                                        "unsupported", "corrupt", "unreadable",
                                        "refused",     "timeout", "crashed"};

    (void)state;
    for (int i = 0; i <= STATUS_CRASHED; i++)
        assert_string_equal(status_name((enum status)i), words[i]);
    assert_string_equal(status_name((enum status)(STATUS_CRASHED + 1)), "unknown");
    assert_string_equal(status_name((enum status)INT32_MAX), "unknown");
    assert_string_equal(status_name((enum status)UINT32_MAX), "unknown");
}

/* A failure keeps its meaning on its way over a wire and back. */
static void a_guests_failure_is_the_same_kind_after_a_wire(void **state)
{
    (void)state;
    for (int kind = ERROR_EMPTY; kind <= ERROR_TIMEOUT; kind++)
        assert_int_equal(status_error_kind(status_of_error((enum error_kind)kind)), kind);
}

static void what_is_no_guests_failure_crashes_it(void **state)
{
    (void)state;
    for (int kind = ERROR_MEMORY; kind < ERROR_EMPTY; kind++) {
        assert_int_equal(status_of_error((enum error_kind)kind), STATUS_CRASHED);
    }
    assert_int_equal(status_of_error(ERROR_NONE), STATUS_OK);
}

static void what_is_no_failure_on_the_wire_is_another_process_failing(void **state)
{
    (void)state;
    assert_int_equal(status_error_kind(STATUS_CRASHED), ERROR_HOST);
    assert_int_equal(status_error_kind(STATUS_OK), ERROR_HOST);
    assert_int_equal(status_error_kind((enum status)(STATUS_CRASHED + 1)), ERROR_HOST);
    assert_int_equal(status_error_kind((enum status)INT32_MAX), ERROR_HOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_word),
        cmocka_unit_test(a_guests_failure_is_the_same_kind_after_a_wire),
        cmocka_unit_test(what_is_no_guests_failure_crashes_it),
        cmocka_unit_test(what_is_no_failure_on_the_wire_is_another_process_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
