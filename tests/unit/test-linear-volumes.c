/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent takes of what volume-groups says of linear volumes. Images choose the names in it,
 * and may have taken that program over. */
#include "agent/volume/linear-volumes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MEMBERS 2

static struct linear_volumes volumes;

/* The last line's result. */
static int take(const char *const *lines, size_t count)
{
    int result = 0;
    volumes.volumes = 0;
    volumes.pieces = 0;
    for (size_t i = 0; i < count; i++)
        result = linear_volumes_take(&volumes, lines[i], MEMBERS);
    return result;
}

static void pieces_belong_to_the_volume_before_them(void **state)
{
    static const char *const lines[] = {"Vvg-0/a", "S8192 0 2048", "S10 1 0",
                                        "Vvg-0/b", "S1 1 10",      "."};
    (void)state;
    assert_int_equal(take(lines, 6), 1);
    assert_int_equal(volumes.volumes, 2);
    assert_string_equal(volumes.volume[0].name, "vg-0/a");
    assert_int_equal(volumes.volume[0].count, 2);
    assert_int_equal(volumes.volume[1].first, 2);
    assert_int_equal(volumes.piece[0].sectors, 8192);
    assert_int_equal(volumes.piece[0].start, 2048);
    assert_int_equal(volumes.piece[1].member, 1);
}

static void another_line_is_refused(void **state)
{
    static const char *const lines[] = {
        "",         "S1 0 0 0", "S1 2 0", "S0 0 0", "S-1 0",  "S1 0",    "X",         "..",
        "Vwithout", "V/b",      "Va/",    "Va/b c", "Va/b/c", "Va/../b", "Va/b\x1b[", "Va'/b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *const both[] = {"Vvg/a", lines[i]};
        if (take(both, 2) != -1)
            fail_msg("it took \"%s\"", lines[i]);
    }
}

static void a_piece_without_a_volume_is_refused(void **state)
{
    static const char *const line = "S1 0 0";
    (void)state;
    assert_int_equal(take(&line, 1), -1);
}

static void there_are_so_many_and_no_more(void **state)
{
    (void)state;
    take(NULL, 0);
    for (size_t i = 0; i < LINEAR_VOLUMES_MAX; i++)
        assert_int_equal(linear_volumes_take(&volumes, "Vvg/a", MEMBERS), 0);
    assert_int_equal(linear_volumes_take(&volumes, "Vvg/a", MEMBERS), -1);
    for (size_t i = 0; i < LINEAR_VOLUMES_PIECES_MAX; i++)
        assert_int_equal(linear_volumes_take(&volumes, "S1 0 0", MEMBERS), 0);
    assert_int_equal(linear_volumes_take(&volumes, "S1 0 0", MEMBERS), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_belong_to_the_volume_before_them),
        cmocka_unit_test(another_line_is_refused),
        cmocka_unit_test(a_piece_without_a_volume_is_refused),
        cmocka_unit_test(there_are_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
