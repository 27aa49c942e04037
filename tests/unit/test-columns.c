/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/columns.h"
#include "cli/text-table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A row is an array of two strings. */
static void get_first(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const char *const *)row)[0], to);
}

static void get_second(const void *row, const void *style, FILE *to)
{
    (void)style;
    fputs(((const char *const *)row)[1], to);
}

static const struct column table[] = {
    {"NAME", COLUMN_COMMAND, "what it is called", get_first, "name"},
    {"SIZE", COLUMN_RIGHT | COLUMN_COMMAND, "how large it is", get_second, "size"},
    {"USE%", COLUMN_RIGHT | COLUMN_REASON, "how full it is", get_second, NULL},
};
#define COUNT (sizeof table / sizeof table[0])

static void expect_refused(const char *list, const char *message)
{
    struct column_choice choice;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(columns_choose(table, COUNT, list, &choice, &err), -1);
    assert_string_equal(error_message(err), message);
}

static void columns_come_in_the_order_asked_for(void **state)
{
    struct column_choice choice;

    (void)state;
    assert_int_equal(columns_choose(table, COUNT, "use%,Name,NAME", &choice, NULL), 0);
    assert_int_equal(choice.count, 3);
    assert_ptr_equal(choice.columns[0], &table[2]);
    assert_ptr_equal(choice.columns[1], &table[0]);
    assert_ptr_equal(choice.columns[2], &table[0]);
    assert_true(columns_have(&choice, COLUMN_REASON));
    assert_false(columns_have(&choice, COLUMN_TRUNCATE));
}

static void unknown_columns_are_named_with_those_that_there_are(void **state)
{
    (void)state;
    expect_refused("FOO", "unknown column \"FOO\"; there are NAME,SIZE,USE%");
    expect_refused("", "unknown column \"\"; there are NAME,SIZE,USE%");
    expect_refused("NAME,", "unknown column \"\"; there are NAME,SIZE,USE%");
    expect_refused(",NAME", "unknown column \"\"; there are NAME,SIZE,USE%");
    expect_refused("NAM,SIZE", "unknown column \"NAM\"; there are NAME,SIZE,USE%");
    expect_refused("NAMES", "unknown column \"NAMES\"; there are NAME,SIZE,USE%");
    expect_refused("NAME, SIZE", "unknown column \" SIZE\"; there are NAME,SIZE,USE%");
    expect_refused("+NAME", "unknown column \"+NAME\"; there are NAME,SIZE,USE%");
}

static void there_is_an_end_to_columns(void **state)
{
    struct column_choice choice;
    char list[5 * (COLUMNS_MAX + 1) + 1] = "";

    (void)state;
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        strcat(list, i ? ",NAME" : "NAME");
    assert_int_equal(columns_choose(table, COUNT, list, &choice, NULL), 0);
    strcat(list, ",NAME");
    assert_int_equal(columns_choose(table, COUNT, list, &choice, NULL), -1);
}

static void all_are_all(void **state)
{
    struct column_choice choice;

    (void)state;
    columns_choose_all(table, COUNT, &choice);
    assert_int_equal(choice.count, COUNT);
    assert_ptr_equal(choice.columns[2], &table[2]);
}

static void csv_is_quoted_where_it_must(void **state)
{
    static const char *const row[] = {"a,\"b\"\n\xff", ""};
    struct column_choice choice;
    AUTO_FREE char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    (void)state;
    columns_choose_all(table, COUNT, &choice);
    columns_csv_heading(&choice, to);
    assert_int_equal(columns_csv_row(&choice, row, NULL, to), 0);
    fclose(to);
    assert_string_equal(text, "NAME,SIZE,USE%\n\"a,\"\"b\"\"\n\xff\",,\n");
}

/* The table of two rows. */
static char *lay_out(bool headings)
{
    static const char *const rows[][2] = {{"a\x1b[1m\xff", "5"}, {"b", "4000"}};
    struct column_choice choice;
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    assert_int_equal(columns_choose(table, COUNT, "size,name", &choice, NULL), 0);
    text_table *made = text_table_new(&choice, headings, false);
    assert_int_equal(text_table_add(made, rows[0], NULL), 0);
    assert_int_equal(text_table_add(made, rows[1], NULL), 0);
    assert_int_equal(text_table_print(made, to), 0);
    text_table_free(made);
    fclose(to);
    return text;
}

static void layout_fits_its_cells_and_escapes_them(void **state)
{
    AUTO_FREE char *with = lay_out(true);
    AUTO_FREE char *without = lay_out(false);

    (void)state;
    assert_string_equal(with, "SIZE NAME\n   5 a\\x1B[1m\\xFF\n4000 b\n");
    assert_string_equal(without, "   5 a\\x1B[1m\\xFF\n4000 b\n");
}

static void expect_json(const struct column *columns, size_t count, const char *first,
                        const char *second, const char *expected)
{
    const char *const row[] = {first, second};
    json_t *object = json_object();

    assert_int_equal(columns_set_json(columns, count, COLUMN_COMMAND, row, NULL, object), 0);
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert_string_equal(text, expected);
    json_decref(object);
}

/* Of the columns with a member, and one of the flags. */
static void json_is_made_of_the_cells(void **state)
{
    static const struct column booleans[] = {
        {"A", COLUMN_BOOLEAN | COLUMN_COMMAND, NULL, get_first, "a"},
        {"B", COLUMN_BOOLEAN | COLUMN_COMMAND, NULL, get_second, "b"},
        {"C", COLUMN_BOOLEAN | COLUMN_REASON, NULL, get_second, "c"}};

    (void)state;
    expect_json(table, COUNT, "web", "42", "{\"name\":\"web\",\"size\":42}");
    expect_json(table, COUNT, "no", "3.7", "{\"name\":\"no\",\"size\":3.7}");
    expect_json(table, COUNT, "\xff", "18446744073709551615",
                "{\"name\":\"\xef\xbf\xbd\",\"name_b64\":\"/w==\",\"size\":9223372036854775807}");
    expect_json(table, COUNT, "", "", "{\"name\":null,\"size\":null}");
    expect_json(booleans, 3, "yes", "no", "{\"a\":true,\"b\":false}");
    expect_json(booleans, 3, "", "yes", "{\"a\":null,\"b\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_made_of_the_cells),
        cmocka_unit_test(columns_come_in_the_order_asked_for),
        cmocka_unit_test(unknown_columns_are_named_with_those_that_there_are),
        cmocka_unit_test(there_is_an_end_to_columns),
        cmocka_unit_test(all_are_all),
        cmocka_unit_test(csv_is_quoted_where_it_must),
        cmocka_unit_test(layout_fits_its_cells_and_escapes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
