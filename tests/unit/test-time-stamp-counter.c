/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/time-stamp-counter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void what_is_measured_twice_differs_by_less_than_a_hundredth(void **state)
{
    int first = (int)time_stamp_counter_khz(), second = (int)time_stamp_counter_khz();
    (void)state;
    if (first == 0)
        skip(); /* a host of another processor */
    assert_in_range(abs(first - second), 0, first / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_twice_differs_by_less_than_a_hundredth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
