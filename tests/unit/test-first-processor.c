/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/first-processor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static cpu_set_t affinity(void)
{
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return set;
}

static int lowest(const cpu_set_t *set)
{
    int i = 0;
    while (i < CPU_SETSIZE && !CPU_ISSET((size_t)i, set))
        i++;
    return i;
}

static void between_the_two_it_runs_on_the_first(void **state)
{
    cpu_set_t at_first = affinity(), before;
    (void)state;
    first_processor_enter(&before);
    assert_int_equal(sched_getcpu(), lowest(&at_first));
    cpu_set_t bound = affinity();
    assert_int_equal(CPU_COUNT(&bound), 1);
    first_processor_leave(&before);
    cpu_set_t after = affinity();
    assert_true(CPU_EQUAL(&at_first, &after));
}

static void the_first_is_the_first_that_it_may_run_on(void **state)
{
    cpu_set_t at_first = affinity(), last, before;
    int highest = 0;
    (void)state;
    if (CPU_COUNT(&at_first) < 2)
        skip();
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, &at_first))
            highest = i;
    CPU_ZERO(&last);
    CPU_SET((size_t)highest, &last);
    assert_int_equal(sched_setaffinity(0, sizeof last, &last), 0);
    first_processor_enter(&before);
    assert_int_equal(sched_getcpu(), highest);
    first_processor_leave(&before);
    assert_int_equal(sched_setaffinity(0, sizeof at_first, &at_first), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_the_two_it_runs_on_the_first),
        cmocka_unit_test(the_first_is_the_first_that_it_may_run_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
