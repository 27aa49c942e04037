/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/../../virt-df-live/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Adds a row whose guest, volume and names are gone when this returns. */
static void add(form *to, const char *name, uint64_t used, bool filled, FILE *stream)
{
    AUTO_FREE char *own = strdup(name), *fstype = strdup("ext4"), *message = strdup("why");
    struct guest guest = {.name = own};
    const volume v = {.fstype = {4, fstype}, .label = {0, NULL}};
    const struct row row = {.guest = &guest,
                            .volume = &v,
                            .filled = filled,
                            .figures = {.size = 10240, .used = used * 1024},
                            .status = filled ? STATUS_OK : STATUS_CORRUPT,
                            .message = message,
                            .message_length = 3};

    assert_int_equal(to->ops->row(to, &row, stream), 0);
}

/* The CSV of four rows, sorted. */
static char *sorted(const char *column, bool descending, unsigned top)
{
    const struct style style = {0};
    const struct totals totals = {.figures = {.size = 4096}};
    struct column_choice key, choice;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_int_equal(columns_choose(df_columns, df_columns_count, column, &key, NULL), 0);
    assert_int_equal(
        columns_choose(df_columns, df_columns_count, "guest,fstype,used,message", &choice, NULL),
        0);
    const struct row_order order = {key.columns[0], descending, top};
    AUTO_FORM form *to = form_sorted_new(&order, form_csv_new(&style, &choice, false));
    assert_int_equal(to->wants, FORM_WANTS_REASONS); /* as the form behind it */
    add(to, "b", 9, true, stream);
    add(to, "none", 0, false, stream);
    add(to, "a", 10, true, stream);
    add(to, "c", 9, true, stream);
    assert_int_equal(form_total(to, &totals, stream), 0);
    assert_int_equal(to->ops->end(to, stream), 0);
    fclose(stream);
    return text;
}

static void numbers_are_sorted_by_value(void **state)
{
    AUTO_FREE char *up = sorted("used", false, 0), *down = sorted("USE%", true, 0);

    (void)state;
    assert_string_equal(up, "b,ext4,9,why\nc,ext4,9,why\na,ext4,10,why\nnone,ext4,,why\n"
                            "total,,0,\n");
    assert_string_equal(down, "a,ext4,10,why\nb,ext4,9,why\nc,ext4,9,why\nnone,ext4,,why\n"
                              "total,,0,\n");
}

static void text_is_sorted_by_bytes(void **state)
{
    AUTO_FREE char *down = sorted("guest", true, 0);

    (void)state;
    assert_string_equal(down, "none,ext4,,why\nc,ext4,9,why\nb,ext4,9,why\na,ext4,10,why\n"
                              "total,,0,\n");
}

static void the_first_rows_are_those_of_the_whole_order(void **state)
{
    AUTO_FREE char *one = sorted("used", true, 1), *two = sorted("used", false, 2),
                   *many = sorted("guest", false, 100);

    (void)state;
    assert_string_equal(one, "a,ext4,10,why\ntotal,,0,\n");
    assert_string_equal(two, "b,ext4,9,why\nc,ext4,9,why\ntotal,,0,\n");
    assert_string_equal(many, "a,ext4,10,why\nb,ext4,9,why\nc,ext4,9,why\nnone,ext4,,why\n"
                              "total,,0,\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_sorted_by_value),
        cmocka_unit_test(text_is_sorted_by_bytes),
        cmocka_unit_test(the_first_rows_are_those_of_the_whole_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
