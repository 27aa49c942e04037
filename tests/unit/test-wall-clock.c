/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/wall-clock.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

static bool is_readable(int fd, int milliseconds)
{
    return poll(&(struct pollfd){fd, POLLIN, 0}, 1, milliseconds) == 1;
}

static void it_is_the_time_of_day(void **state)
{
    (void)state;
    time_t before = time(NULL);
    uint64_t now = wall_clock_now() / 1000000000;
    assert_true(now >= (uint64_t)before);
    assert_true(now <= (uint64_t)time(NULL));
}

static void it_says_so_every_so_many_seconds(void **state)
{
    (void)state;
    int fd = wall_clock_open(1);
    assert_true(fd >= 0);
    for (int i = 0; i < 2; i++) {
        assert_false(is_readable(fd, 0));
        assert_true(is_readable(fd, 20000));
        assert_int_equal(wall_clock_heard(fd, 1), 0);
    }
    close(fd);
}

static void it_is_quiet_in_between(void **state)
{
    (void)state;
    int fd = wall_clock_open(86400);
    assert_true(fd >= 0);
    assert_false(is_readable(fd, 100));
    assert_int_equal(wall_clock_heard(fd, 86400), 0);
    assert_false(is_readable(fd, 100));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_time_of_day),
        cmocka_unit_test(it_says_so_every_so_many_seconds),
        cmocka_unit_test(it_is_quiet_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
