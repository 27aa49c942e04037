/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/host-limits.h"

#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void there_is_always_one(void **state)
{
    (void)state;
    assert_true(host_limits_parallel(0) >= 1);
}

static void no_more_than_the_cores_there_are(void **state)
{
    (void)state;
    assert_true(host_limits_parallel(0) <= (unsigned)sysconf(_SC_NPROCESSORS_CONF));
}

static void no_more_than_the_cores_that_we_may_use(void **state)
{
    cpu_set_t all, one;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    unsigned count = host_limits_parallel(0);
    sched_setaffinity(0, sizeof all, &all);
    assert_int_equal(count, 1);
}

static void memory_that_was_asked_for_is_needed(void **state)
{
    unsigned usual = host_limits_parallel(0);
    (void)state;
    assert_int_equal(host_limits_parallel(UINT_MAX), 1);
    assert_true(host_limits_parallel(1792) <= usual);
    assert_int_equal(host_limits_parallel(1), usual);
}

static void few_open_files_are_few_disks(void **state)
{
    (void)state;
    assert_int_equal(host_limits_disks(0, 255), 1);
    assert_int_equal(host_limits_disks(HOST_LIMITS_FILES_MIN, 255), 10);
    assert_int_equal(host_limits_disks(85, 255), 1);
    assert_int_equal(host_limits_disks(1024, 255), 235);
    assert_int_equal(host_limits_disks(1104, 255), 255);
    assert_int_equal(host_limits_disks(UINT64_MAX, 255), 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_always_one),
        cmocka_unit_test(no_more_than_the_cores_there_are),
        cmocka_unit_test(no_more_than_the_cores_that_we_may_use),
        cmocka_unit_test(memory_that_was_asked_for_is_needed),
        cmocka_unit_test(few_open_files_are_few_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
