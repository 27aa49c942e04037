/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define assert_escapes(bytes, expected)                                                            \
    do {                                                                                           \
        AUTO_FREE char *escaped = text_escape(bytes, sizeof bytes - 1);                            \
        assert_string_equal(escaped, expected);                                                    \
    } while (0)

static void escape_leaves_text_alone(void **state)
{
    (void)state;
    assert_escapes("", "");
    assert_escapes("web 1.qcow2", "web 1.qcow2");
    assert_escapes("caf\u00e9 \u732b \U0001f600", "caf\u00e9 \u732b \U0001f600");
    assert_escapes("\u00a0", "\u00a0"); /* the first after C1 */
}

static void escape_shows_control_characters(void **state)
{
    (void)state;
    assert_escapes("a\nb\tc\\", "a\\nb\\tc\\\\");
    assert_escapes("\x1b[31m\x7f\r", "\\x1B[31m\\x7F\\x0D");
    assert_escapes("a\0b", "a\\x00b");
    assert_escapes("\xc2\x80\xc2\x9f", "\\xC2\\x80\\xC2\\x9F");
}

static void escape_shows_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    assert_escapes("\xff", "\\xFF");
    assert_escapes("\x9b", "\\x9B");                            /* C1 in Latin-1: CSI */
    assert_escapes("a\xc3", "a\\xC3");                          /* cut short */
    assert_escapes("\xc0\xaf", "\\xC0\\xAF");                   /* overlong */
    assert_escapes("\xed\xa0\x80", "\\xED\\xA0\\x80");          /* surrogate */
    assert_escapes("\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"); /* beyond U+10FFFF */
    assert_escapes("\xe2\x82z", "\\xE2\\x82z");
    assert_escapes("\xe2\x82\0", "\\xE2\\x82\\x00");
}

#define assert_csv(bytes, expected)                                                                \
    do {                                                                                           \
        char *cell = NULL;                                                                         \
        size_t length = 0;                                                                         \
        FILE *to = open_memstream(&cell, &length);                                                 \
        text_put_csv(bytes, sizeof bytes - 1, TEXT_CSV, to);                                       \
        assert_int_equal(fclose(to), 0);                                                           \
        assert_int_equal(length, sizeof expected - 1);                                             \
        assert_memory_equal(cell, expected, length);                                               \
        free(cell);                                                                                \
    } while (0)

static void csv_quotes_only_where_it_must(void **state)
{
    (void)state;
    assert_csv("", "");
    assert_csv(" a b ", " a b ");
    assert_csv("\xff", "\xff");
    assert_csv("a,b", "\"a,b\"");
    assert_csv("a\"b", "\"a\"\"b\"");
    assert_csv("\"", "\"\"\"\"");
    assert_csv("a\nb", "\"a\nb\"");
    assert_csv("a\r", "\"a\r\"");
    assert_csv("a\0b", "a\0b");
}

static void sizes_are_rounded_up_as_df_does(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {
        {0, "0"},
        {1023, "1023"},
        {1024, "1.0K"},
        {1025, "1.1K"},
        {10137, "9.9K"},
        {10138, "10K"},
        {10239, "10K"},
        {10240, "10K"},
        {10241, "11K"},
        {1047552, "1023K"},
        {1047553, "1.0M"},
        {1048575, "1.0M"},
        {1048576, "1.0M"},
        {UINT64_C(1) << 40, "1.0T"},
        {UINT64_C(1) << 60, "1.0E"},
        {(UINT64_C(9) << 60) + 1, "9.1E"},
        {UINT64_MAX, "16E"},
    };
    char buffer[TEXT_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_string_equal(text_human_size(sizes[i].bytes, TEXT_UP, buffer), sizes[i].text);
}

static void numbers_in_range_are_read(void **state)
{
    uint64_t number = 7;

    (void)state;
    assert_int_equal(text_parse_number("0", "n", 0, 0, &number, NULL), 0);
    assert_int_equal(number, 0);
    assert_int_equal(text_parse_number("255", "n", 1, 255, &number, NULL), 0);
    assert_int_equal(number, 255);
    assert_int_equal(text_parse_number("18446744073709551615", "n", 0, UINT64_MAX, &number, NULL),
                     0);
    assert_true(number == UINT64_MAX);
}

static void numbers_out_of_range_are_named(void **state)
{
    static const char *const wrong[] = {"0", "256", "18446744073709551616",
                                        "184467440737095516160"};
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO_ERROR error *err = NULL;
        char expected[100];
        assert_int_equal(text_parse_number(wrong[i], "--wave", 1, 255, &number, &err), -1);
        snprintf(expected, sizeof expected, "--wave: %s is not between 1 and 255", wrong[i]);
        assert_string_equal(error_message(err), expected);
        assert_int_equal(number, 7);
    }
}

static void words_that_are_no_numbers_are_refused(void **state)
{
    static const char *const wrong[] = {"", " ", "-1", "+1", " 1", "1 ", "0x10", "1k", "1.0", "x"};
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO_ERROR error *err = NULL;
        assert_int_equal(text_parse_number(wrong[i], "n", 0, UINT64_MAX, &number, &err), -1);
        assert_non_null(strstr(error_message(err), "is not a number"));
    }
    assert_int_equal(number, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape_leaves_text_alone),
        cmocka_unit_test(escape_shows_control_characters),
        cmocka_unit_test(escape_shows_bytes_that_are_not_utf8),
        cmocka_unit_test(csv_quotes_only_where_it_must),
        cmocka_unit_test(sizes_are_rounded_up_as_df_does),
        cmocka_unit_test(numbers_in_range_are_read),
        cmocka_unit_test(numbers_out_of_range_are_named),
        cmocka_unit_test(words_that_are_no_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
