/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/wall-clock.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

static bool is_readable(int fd, int milliseconds)
{
    return poll(&(struct pollfd){fd, POLLIN, 0}, 1, milliseconds) == 1;
}

/* A timer of the test's own, for a far point of the clock: it is readable only once this machine's
 * clock was set, which what keeps a machine's time may do at any moment. */
static int open_witness(void)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    assert_true(fd >= 0);
    struct itimerspec when = {.it_value.tv_sec = time(NULL) + 86400};
    int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    assert_int_equal(timerfd_settime(fd, flags, &when, NULL), 0);
    return fd;
}

/* Whether it was quiet before and after it took notice. */
static bool is_quiet(void)
{
    int fd = wall_clock_open(86400);
    assert_true(fd >= 0);
    bool quiet = !is_readable(fd, 100);
    assert_int_equal(wall_clock_heard(fd, 86400), 0);
    quiet = !is_readable(fd, 100) && quiet;
    close(fd);
    return quiet;
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

static void it_is_quiet_while_the_clock_is_not_set(void **state)
{
    (void)state;
    bool quiet = false;
    bool clock_was_set = true;
    for (int tries = 10; tries > 0 && !quiet && clock_was_set; tries--) {
        int witness = open_witness();
        quiet = is_quiet();
        clock_was_set = is_readable(witness, 0);
        close(witness);
    }
    assert_true(quiet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_time_of_day),
        cmocka_unit_test(it_says_so_every_so_many_seconds),
        cmocka_unit_test(it_is_quiet_while_the_clock_is_not_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
