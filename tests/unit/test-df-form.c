/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/../../virt-df-live/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct guest guest = {.name = (char *)"web1.img"};
static char *message = (char *)"mount\n";

static volume filesystem(void)
{
    static char label[] = "a\xff";

    return (volume){.kind = VOLUME_PARTITION,
                    .partition = 1,
                    .mounted = true,
                    .clean = true,
                    .label = {.label_val = label, .label_len = 2},
                    .usage = {.block_size = 512,
                              .blocks = 2001,
                              .blocks_free = 1,
                              .blocks_available = 1,
                              .files = 3,
                              .files_free = 2}};
}

/* What writing these rows of the guest and a sum gives; the form is freed. */
static char *written(form *to, const volume *volumes, size_t count, bool total)
{
    struct totals totals = {.guests = 1, .filesystems = count};
    AUTO_FORM form *owned = to;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_true(!to->ops->heading || to->ops->heading(to, stream) == 0);
    for (size_t i = 0; i < count; i++) {
        struct row row = row_of_volume(&guest, &volumes[i]);
        row_figures_add(&totals.figures, &row.figures);
        assert_int_equal(to->ops->row(to, &row, stream), 0);
    }
    assert_true(!total || form_total(to, &totals, stream) == 0);
    assert_true(!to->ops->end || to->ops->end(to, stream) == 0);
    fclose(stream);
    return text;
}

static void table_has_the_widths_of_virt_df(void **state)
{
    const struct style style = {0};
    const volume v = filesystem();
    AUTO_FREE char *text = written(form_table_new(&style, true), &v, 1, true);

    (void)state;
    assert_string_equal(
        text, "Filesystem                           1K-blocks       Used  Available  Use%\n"
              "web1.img:/dev/sda1                        1000       1000          0  100%\n"
              "total                                     1000       1000          0  100%\n");
}

/* The first line of a table of one row, with a guest of that name. */
static void expect_name(const char *name, const char *expected)
{
    const struct style style = {0};
    const volume v = filesystem();

    guest.name = (char *)name;
    AUTO_FREE char *text = written(form_table_new(&style, false), &v, 1, false);
    guest.name = (char *)"web1.img";
    assert_string_equal(text, expected);
}

static void long_names_have_a_line_of_their_own(void **state)
{
    (void)state;
    /* with ":/dev/sda1" 36, then 37 characters; characters, not bytes; escaped ones count four */
    expect_name("abcdefghijklmnopqrstuvwxyz",
                "abcdefghijklmnopqrstuvwxyz:/dev/sda1      1000       1000          0  100%\n");
    expect_name("abcdefghijklmnopqrstuvwxyz1",
                "abcdefghijklmnopqrstuvwxyz1:/dev/sda1\n"
                "                                          1000       1000          0  100%\n");
    expect_name(
        "\u00e4bcdefghijklmnopqrstuvwxyz",
        "\u00e4bcdefghijklmnopqrstuvwxyz:/dev/sda1      1000       1000          0  100%\n");
    expect_name("\xff\x1b", "\\xFF\\x1B:/dev/sda1                        "
                            "1000       1000          0  100%\n");
    expect_name("", ":/dev/sda1                                1000       1000          0  100%\n");
}

static void human_sizes_and_inodes_have_their_headings(void **state)
{
    const struct style human = {.human = true}, inodes = {.inodes = true};
    const volume v = filesystem();
    AUTO_FREE char *sizes = written(form_table_new(&human, true), &v, 1, false);
    AUTO_FREE char *counts = written(form_table_new(&inodes, true), &v, 1, false);

    (void)state;
    assert_string_equal(
        sizes, "Filesystem                                Size       Used  Available  Use%\n"
               "web1.img:/dev/sda1                       1001K      1000K        512  100%\n");
    assert_string_equal(
        counts, "Filesystem                              Inodes      IUsed      IFree IUse%\n"
                "web1.img:/dev/sda1                           3          1          2   34%\n");
}

static void csv_is_that_of_virt_df(void **state)
{
    const struct style style = {0}, inodes = {.inodes = true};
    const volume v = filesystem();
    AUTO_FREE char *blocks = written(form_csv_new(&style, NULL, true), &v, 1, true);
    AUTO_FREE char *counts = written(form_csv_new(&inodes, NULL, true), &v, 1, false);

    (void)state;
    assert_string_equal(blocks, "VirtualMachine,Filesystem,1K-blocks,Used,Available,Use%\n"
                                "web1.img,/dev/sda1,1000,1000,0,100.0\n"
                                "total,,1000,1000,0,100.0\n");
    assert_string_equal(counts, "VirtualMachine,Filesystem,Inodes,IUsed,IFree,IUse%\n"
                                "web1.img,/dev/sda1,3,1,2,33.3\n");
}

static void rows_without_figures_have_empty_cells(void **state)
{
    const struct style style = {0};
    const volume v = {.status = STATUS_CORRUPT, .message = {6, message}};
    struct column_choice choice;

    (void)state;
    assert_int_equal(columns_choose(df_columns, df_columns_count,
                                    "filesystem,size,use%,clean,status", &choice, NULL),
                     0);
    form *to = form_csv_new(&style, &choice, false);
    assert_int_equal(to->wants, FORM_WANTS_REASONS);
    AUTO_FREE char *text = written(to, &v, 1, false);
    assert_string_equal(text, "web1.img:/dev/sda,,,,corrupt\n");
}

static void json_has_bytes_and_nulls(void **state)
{
    const volume volumes[] = {filesystem(),
                              {.content = CONTENT_SWAP, .size = UINT64_MAX},
                              {.status = STATUS_CORRUPT, .message = {6, message}}};
    AUTO_FREE char *text = written(form_json_new(), volumes, 3, false);
    char *lines[3] = {text, NULL, NULL};

    (void)state;
    for (int i = 1; i < 3; i++) {
        lines[i] = strchr(lines[i - 1], '\n') + 1;
        lines[i][-1] = '\0';
    }
    assert_string_equal(
        lines[0],
        "{\"type\":\"filesystem\",\"guest\":\"web1.img\",\"index\":0,\"images\":[],\"disk\":0,"
        "\"device\":\"/dev/"
        "sda1\",\"fstype\":null,\"label\":\"a\xef\xbf\xbd\",\"label_b64\":\"Yf8=\","
        "\"uuid\":null,\"mountpoint\":null,\"size\":1024512,\"used\":1024000,\"available\":512,"
        "\"use_percent\":100.0,\"inodes\":3,\"inodes_used\":1,\"inodes_free\":2,\"block_size\":512,"
        "\"clean\":true,\"recovered\":null,\"status\":\"ok\",\"message\":null}");
    assert_string_equal(
        lines[1],
        "{\"type\":\"swap\",\"guest\":\"web1.img\",\"index\":0,\"images\":[],"
        "\"disk\":0,\"size\":9223372036854775807,\"device\":\"/dev/sda\","
        "\"fstype\":null,\"label\":null,\"uuid\":null,\"status\":\"ok\",\"message\":null}");
    assert_non_null(strstr(lines[2], "\"size\":null,\"used\":null"));
    assert_non_null(strstr(lines[2], "\"status\":\"corrupt\",\"message\":\"mount\\n\"}\n"));
}

static void json_counts_the_guest(void **state)
{
    const struct question_answer answer = {.status = STATUS_OK};
    const struct guest_answer answered = {.guest = &guest, .answer = &answer, .elapsed = 41999};
    AUTO_FORM form *to = form_json_new();
    AUTO_FREE char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    (void)state;
    assert_int_equal(to->ops->guest(to, &answered, 2, stream), 0);
    fclose(stream);
    assert_string_equal(text,
                        "{\"type\":\"guest\",\"guest\":\"web1.img\",\"index\":0,\"images\":[],"
                        "\"status\":\"ok\",\"message\":null,\"filesystems\":2,"
                        "\"elapsed_s\":0.041}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_has_the_widths_of_virt_df),
        cmocka_unit_test(long_names_have_a_line_of_their_own),
        cmocka_unit_test(human_sizes_and_inodes_have_their_headings),
        cmocka_unit_test(csv_is_that_of_virt_df),
        cmocka_unit_test(rows_without_figures_have_empty_cells),
        cmocka_unit_test(json_has_bytes_and_nulls),
        cmocka_unit_test(json_counts_the_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
