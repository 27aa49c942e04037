/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_returns_minus_one_and_keeps_what_it_was_given(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_int_equal(error_set(&err, ERROR_REFUSED, "slot %d", 7), -1);
    assert_string_equal(error_message(err), "slot 7");
    assert_int_equal(error_kind(err), ERROR_REFUSED);
    assert_int_equal(error_errno(err), 0);
}

static void set_errno_appends_the_reason_and_leaves_errno(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    errno = 0;
    assert_int_equal(error_set_errno(&err, ERROR_UNREADABLE, ENOENT, "open %s", "/x"), -1);
    assert_string_equal(error_message(err), "open /x: No such file or directory");
    assert_int_equal(error_errno(err), ENOENT);
    assert_int_equal(errno, ENOENT);
}

static void a_caller_that_does_not_care_passes_null(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_HOST, "x"), -1);
    assert_int_equal(error_set_errno(NULL, ERROR_HOST, EPERM, "x"), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(error_prefix(NULL, "x"), -1);
    assert_int_equal(error_propagate(NULL, NULL), -1);
}

static void prefixes_stack_up_from_the_inside(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    error_set_errno(&err, ERROR_CORRUPT, EIO, "read");
    assert_int_equal(error_prefix(&err, "layer %d", 2), -1);
    error_prefix(&err, "guest");
    assert_string_equal(error_message(err), "guest: layer 2: read: Input/output error");
    assert_int_equal(error_kind(err), ERROR_CORRUPT);
    assert_int_equal(error_errno(err), EIO);
}

static void prefix_of_no_error_makes_none(void **state)
{
    error *err = NULL;

    (void)state;
    assert_int_equal(error_prefix(&err, "context"), -1);
    assert_null(err);
}

static void the_first_error_stays(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    error_set(&err, ERROR_CORRUPT, "first");
    error_set(&err, ERROR_REFUSED, "second");
    error_set_errno(&err, ERROR_REFUSED, EPERM, "third");
    assert_string_equal(error_message(err), "first");
    assert_int_equal(errno, EPERM);
}

static void propagate_hands_over(void **state)
{
    AUTO_ERROR error *outer = NULL;
    error *inner = NULL;

    (void)state;
    error_set(&inner, ERROR_EMPTY, "inner");
    assert_int_equal(error_propagate(&outer, STEAL(inner)), -1);
    assert_null(inner);
    assert_string_equal(error_message(outer), "inner");
}

static void propagate_keeps_the_error_that_is_there(void **state)
{
    AUTO_ERROR error *outer = NULL;
    error *inner = NULL;

    (void)state;
    error_set(&outer, ERROR_EMPTY, "outer");
    error_set(&inner, ERROR_EMPTY, "inner");
    error_propagate(&outer, STEAL(inner));
    assert_string_equal(error_message(outer), "outer");
}

static void no_error_has_answers_too(void **state)
{
    (void)state;
    assert_non_null(error_message(NULL));
    assert_int_equal(error_kind(NULL), ERROR_NONE);
    assert_int_equal(error_errno(NULL), 0);
    error_free(NULL);
}

static void a_message_may_be_long(void **state)
{
    AUTO_ERROR error *err = NULL;
    char name[20000];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    error_set(&err, ERROR_CORRUPT, "%s", name);
    assert_string_equal(error_message(err), name);
}

static void stealing_leaves_nothing_behind(void **state)
{
    AUTO_FREE char *from = strdup("x");
    AUTO_FREE char *to = STEAL(from);
    int fd = 5;

    (void)state;
    assert_null(from);
    assert_string_equal(to, "x");
    assert_int_equal(steal_fd(&fd), 5);
    assert_int_equal(fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_minus_one_and_keeps_what_it_was_given),
        cmocka_unit_test(set_errno_appends_the_reason_and_leaves_errno),
        cmocka_unit_test(a_caller_that_does_not_care_passes_null),
        cmocka_unit_test(prefixes_stack_up_from_the_inside),
        cmocka_unit_test(prefix_of_no_error_makes_none),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(propagate_hands_over),
        cmocka_unit_test(propagate_keeps_the_error_that_is_there),
        cmocka_unit_test(no_error_has_answers_too),
        cmocka_unit_test(a_message_may_be_long),
        cmocka_unit_test(stealing_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
