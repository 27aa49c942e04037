/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose the children of a process are. */
#include "process/child-list.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t make_child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    assert_true(pid > 0);
    return pid;
}

static bool lives(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool is_it(const void *data, pid_t pid)
{
    return *(const pid_t *)data == pid;
}

static void those_that_were_there_are_spared(void **state)
{
    (void)state;
    pid_t before = make_child();
    assert_int_equal(child_list_begin(), 0);
    pid_t ours = make_child(), spared = make_child();
    assert_int_equal(child_list_kill(is_it, &spared), 1);
    assert_int_equal(waitpid(ours, NULL, 0), ours);
    assert_int_equal(child_list_kill(is_it, &spared), 0);
    assert_true(lives(spared));
    child_list_end();
    assert_int_equal(waitpid(spared, NULL, WNOHANG), -1);
    assert_true(lives(before));
    end(before);
}

/* It may have its number from one that was there, and has ended. */
static void a_number_that_comes_again_is_ours(void **state)
{
    (void)state;
    pid_t before = make_child(), other = make_child();
    assert_int_equal(child_list_begin(), 0);
    child_list_reaped(before);
    assert_int_equal(child_list_kill(NULL, NULL), 1);
    assert_int_equal(waitpid(before, NULL, 0), before);
    assert_true(lives(other));
    end(other);
}

static void what_ours_leave_behind_ends_too(void **state)
{
    (void)state;
    assert_int_equal(child_list_begin(), 0);
    pid_t child = fork();
    if (child == 0) {
        make_child();
        make_child();
        for (;;)
            pause();
    }
    child_list_end();
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void nothing_is_waited_for_where_there_is_none(void **state)
{
    (void)state;
    pid_t before = make_child();
    assert_int_equal(child_list_begin(), 0);
    child_list_end();
    assert_true(lives(before));
    end(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_were_there_are_spared),
        cmocka_unit_test(a_number_that_comes_again_is_ours),
        cmocka_unit_test(what_ours_leave_behind_ends_too),
        cmocka_unit_test(nothing_is_waited_for_where_there_is_none),
    };
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
