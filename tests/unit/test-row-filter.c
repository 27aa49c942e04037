/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/row-filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void get_name(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const char *const *)row)[0], to);
}

static void get_size(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const char *const *)row)[1], to);
}

static void get_share(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const char *const *)row)[2], to);
}

static const struct column columns[] = {
    {"NAME", COLUMN_ASKED, "what it is called", get_name, NULL},
    {"SIZE", COLUMN_RIGHT, "how large it is", get_size, NULL},
    {"USE%", COLUMN_RIGHT | COLUMN_DECIMAL, "how full it is", get_share, NULL},
};

#define COUNT (sizeof columns / sizeof columns[0])

#ifdef HAVE_SCOLS_FILTER

static int holds(const char *expression, const char *name, const char *size, const char *share)
{
    const char *const row[] = {name, size, share};
    AUTO_ERROR error *err = NULL;
    row_filter *filter = row_filter_new(expression, columns, COUNT, &err);

    if (!filter)
        fail_msg("%s: %s", expression, error_message(err));
    int first = row_filter_holds(filter, row, NULL);
    assert_int_equal(row_filter_holds(filter, row, NULL), first); /* nothing of a row stays */
    row_filter_free(filter);
    return first;
}

static void numbers_are_compared_as_numbers(void **state)
{
    (void)state;
    assert_int_equal(holds("SIZE > 9", "a", "10", "1.0"), 1);
    assert_int_equal(holds("SIZE > 9", "a", "8", "1.0"), 0);
    assert_int_equal(holds("SIZE >= 2K", "a", "2048", "1.0"), 1);
    assert_int_equal(holds("SIZE == 18446744073709551615", "a", "18446744073709551615", ""), 1);
    assert_int_equal(holds("USE% > 9", "a", "1", "10.0"), 1);
    assert_int_equal(holds("USE% > 89.9 && USE% < 90.1", "a", "1", "90.0"), 1);
    assert_int_equal(holds("USE% > 90", "a", "1", "90.1"), 1);
    assert_int_equal(holds("USE% > 90", "a", "1", "90.0"), 0);
}

static void what_is_not_known_is_neither_more_nor_less(void **state)
{
    (void)state;
    assert_int_equal(holds("SIZE > 9 || SIZE < 9 || SIZE == 9", "a", "", ""), 0);
    assert_int_equal(holds("SIZE", "a", "", ""), 0);
    assert_int_equal(holds("!(SIZE >= 0)", "a", "", ""), 1);
}

static void texts(void **state)
{
    (void)state;
    assert_int_equal(holds("NAME == \"web\"", "web", "1", "1.0"), 1);
    assert_int_equal(holds("NAME =~ '^w' AND NAME !~ 'x$'", "web", "1", "1.0"), 1);
    assert_int_equal(holds("NAME == \"\"", "", "1", "1.0"), 1);
    assert_int_equal(holds("NAME != \"vfat\"", "", "1", "1.0"), 1);
    assert_int_equal(holds("NAME == \"10\"", "9", "1", "1.0"), 0);
    assert_int_equal(holds("NAME == false", "no", "1", "1.0"), 1);
    assert_int_equal(holds("NAME", "", "1", "1.0"), 0);
}

static void columns_in_any_case_and_twice(void **state)
{
    AUTO_ERROR error *err = NULL;
    row_filter *filter = row_filter_new("size > 1 && Size < 3", columns, COUNT, &err);

    (void)state;
    assert_non_null(filter);
    assert_false(row_filter_has(filter, COLUMN_ASKED));
    row_filter_free(filter);
    filter = row_filter_new("size > 1 || name == 'x'", columns, COUNT, &err);
    assert_non_null(filter);
    assert_true(row_filter_has(filter, COLUMN_ASKED));
    row_filter_free(filter);
    assert_int_equal(holds("size > 1 && Size < 3 && SIZE == 2", "a", "2", ""), 1);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *expression, *said;
    } cases[] = {
        {"SIZE >", "\"SIZE >\" is not an expression: "},
        {"", "the expression is empty"},
        {" ", "the expression is empty"},
        {"NAME == \"x", "\"NAME == \"x\" is not an expression: what is \"\"\"?"},
        {"SIZE > 5 $", "what is \"$\"?"},
        {"NAME =~ '['", "\"NAME =~ '['\" is not an expression: "},
        {"COLOUR == 1", "unknown column \"COLOUR\"; there are NAME,SIZE,USE%"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_ERROR error *err = NULL;
        row_filter *filter = row_filter_new(cases[i].expression, columns, COUNT, &err);
        if (filter || !strstr(error_message(err), cases[i].said))
            fail_msg("%s: %s", cases[i].expression, filter ? "taken" : error_message(err));
    }
}

static void a_text_is_no_number(void **state)
{
    (void)state;
    assert_int_equal(holds("NAME > 5", "web", "1", "1.0"), -1);
    assert_int_equal(holds("NAME > 5", "6", "1", "1.0"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_compared_as_numbers),
        cmocka_unit_test(what_is_not_known_is_neither_more_nor_less),
        cmocka_unit_test(texts),
        cmocka_unit_test(columns_in_any_case_and_twice),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_text_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void there_is_none(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_null(row_filter_new("SIZE > 1", columns, COUNT, &err));
    assert_non_null(strstr(error_message(err), "not in this build"));
    assert_int_equal(error_kind(err), ERROR_USAGE);
    row_filter_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
