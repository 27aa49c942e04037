/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/poll-set.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct fixture {
    struct poll_set set;
    int pair[2];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->pair) : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    close(f->pair[0]);
    if (f->pair[1] >= 0)
        close(f->pair[1]);
    free(f);
    return 0;
}

static void only_what_is_ready_says_so(void **state)
{
    struct fixture *f = *state;
    bool readable = true, writable = false, closed = true, other = true;
    assert_int_equal(write(f->pair[0], "x", 1), 1);
    poll_set_add(&f->set, -1, POLLIN, &closed);
    poll_set_add(&f->set, f->pair[0], POLLIN, &other);
    poll_set_add(&f->set, f->pair[0], POLLOUT, &writable);
    poll_set_add(&f->set, f->pair[1], POLLIN, &readable);
    assert_int_equal(poll_set_wait(&f->set, CLOCK_NEVER), 0);
    assert_true(readable);
    assert_true(writable);
    assert_false(closed);
    assert_false(other);
}

static void the_deadline_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    bool readable = true;
    uint64_t deadline = clock_now() + 10000;
    poll_set_add(&f->set, f->pair[0], POLLIN, &readable);
    assert_int_equal(poll_set_wait(&f->set, deadline), 0);
    assert_true(clock_now() >= deadline);
    assert_false(readable);
}

static void a_hang_up_is_heard_where_nothing_else_is_wanted(void **state)
{
    struct fixture *f = *state;
    bool gone = false;
    close(steal_fd(&f->pair[1]));
    poll_set_add(&f->set, f->pair[0], 0, &gone);
    assert_int_equal(poll_set_wait(&f->set, CLOCK_NEVER), 0);
    assert_true(gone);
}

static void one_without_a_bool_ends_the_wait_too(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(write(f->pair[0], "x", 1), 1);
    poll_set_add(&f->set, f->pair[1], POLLIN, NULL);
    assert_int_equal(poll_set_wait(&f->set, CLOCK_NEVER), 0);
}

static void a_full_set_takes_no_more(void **state)
{
    struct fixture *f = *state;
    bool late = true;
    for (int i = 0; i < POLL_SET_MAX; i++)
        poll_set_add(&f->set, -1, POLLIN, NULL);
    poll_set_add(&f->set, f->pair[0], POLLOUT, &late);
    assert_int_equal(f->set.count, POLL_SET_MAX);
    assert_int_equal(poll_set_wait(&f->set, clock_now()), 0);
    assert_false(late);
}

int main(void)
{
#define SET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SET(only_what_is_ready_says_so),
        SET(the_deadline_ends_the_wait),
        SET(a_hang_up_is_heard_where_nothing_else_is_wanted),
        SET(one_without_a_bool_ends_the_wait_too),
        SET(a_full_set_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
