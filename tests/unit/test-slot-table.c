/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/slot-table.h"
#include "base/drive-name.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_of_drives_at_the_edges(void **state)
{
    static const struct {
        unsigned index;
        const char *name;
    } edges[] = {
        {0, "sda"},    {25, "sdz"},   {26, "sdaa"},   {254, "sdiu"},
        {255, "sdiv"}, {701, "sdzz"}, {702, "sdaaa"}, {UINT_MAX, "sdmwlqkwv"},
    };
    char name[DRIVE_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        assert_string_equal(drive_name(edges[i].index, name), edges[i].name);
}

static void index_is_the_inverse_of_name(void **state)
{
    char name[DRIVE_NAME_MAX], path[DRIVE_NAME_MAX + 5];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(drive_name_index(drive_name(i, name)), i);
        snprintf(path, sizeof path, "/dev/%s", name);
        assert_int_equal(drive_name_index(path), i);
    }
    assert_int_equal(drive_name_index(drive_name(INT_MAX - 1, name)), INT_MAX - 1);
}

static void index_of_anything_else_is_minus_one(void **state)
{
    static const char *const wrong[] = {
        "",
        "s",
        "sd",
        "/dev/",
        "/dev/sd",
        "sda1",
        "sdA",
        "sd0",
        "hda",
        "vda",
        "xsda",
        " sda",
        "sda ",
        "sda/",
        "/dev//sda",
        "dev/sda",
        "/dev/sda1",
        "/sda",
        "sd\xc3\xa4",
        "sdzzzzzzz",
        "sdzzzzzzzzzzzzzzzzzz",
        "/dev//dev/sda",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(drive_name_index(wrong[i]), -1);
}

static void the_lowest_free_slot_is_reserved(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(3);

    (void)state;
    assert_int_equal(slot_table_reserve(table, NULL), 0);
    assert_int_equal(slot_table_reserve(table, NULL), 1);
    assert_int_equal(slot_table_rollback(table, 0, NULL), 0);
    assert_int_equal(slot_table_reserve(table, NULL), 0);
    assert_int_equal(slot_table_reserve(table, NULL), 2);
}

static void a_full_table_says_so(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(SLOT_COUNT);
    AUTO_ERROR error *err = NULL;

    (void)state;
    for (int i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(slot_table_reserve(table, NULL), i);
    assert_int_equal(slot_table_reserve(table, &err), -1);
    assert_string_equal(error_message(err), "no slot is free (there are 255)");
    assert_int_equal(error_kind(err), ERROR_REFUSED);
}

static void a_slot_outside_the_limit_is_refused_with_what_there_is(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(3);
    AUTO_ERROR error *err = NULL;

    (void)state;
    assert_int_equal(slot_table_reserve_at(table, 2, NULL), 0);
    assert_int_equal(slot_table_reserve_at(table, 3, &err), -1);
    assert_string_equal(error_message(err), "slot 3 is not reserved (slots 0-2 are)");
}

static void the_root_drive_is_no_slot(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(UINT_MAX);

    (void)state;
    assert_int_equal(slot_table_limit(table), 255);
    assert_int_equal(slot_table_reserve_at(table, 254, NULL), 0);
    assert_int_equal(slot_table_reserve_at(table, ROOT_DRIVE_TARGET, NULL), -1);
    assert_int_equal(slot_table_reserve_at(table, UINT_MAX, NULL), -1);
    assert_int_equal(slot_table_state(table, ROOT_DRIVE_TARGET), SLOT_FREE);
    assert_int_equal(slot_table_generation(table, ROOT_DRIVE_TARGET), 0);
}

static void one_slot_is_singular(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(1);
    AUTO_ERROR error *err = NULL;

    (void)state;
    slot_table_reserve_at(table, 1, &err);
    assert_string_equal(error_message(err), "slot 1 is not reserved (slot 0 is)");
}

static void an_occupied_slot_is_refused(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(2);
    AUTO_ERROR error *err = NULL;

    (void)state;
    slot_table_reserve_at(table, 1, NULL);
    slot_table_commit(table, 1, NULL);
    assert_int_equal(slot_table_reserve_at(table, 1, &err), -1);
    assert_string_equal(error_message(err), "slot 1 is attached, not free");
}

typedef int transition(slot_table *, unsigned, error **);

/* A table of one slot, brought to that state by way of those before it. */
static slot_table *in_state(enum slot_state wanted)
{
    static transition *const way[] = {slot_table_reserve_at, slot_table_commit, slot_table_vacate,
                                      slot_table_detach};
    slot_table *table = slot_table_new(1);

    for (int i = 0; i < (int)wanted; i++)
        assert_int_equal(way[i](table, 0, NULL), 0);
    assert_int_equal(slot_table_state(table, 0), wanted);
    return table;
}

static void no_other_transitions_are_allowed(void **state)
{
    static const struct {
        transition *function;
        enum slot_state from, or, to; /* `or`: the same as from where there is no other */
    } transitions[] = {
        {slot_table_reserve_at, SLOT_FREE, SLOT_VACANT, SLOT_ATTACHING},
        {slot_table_commit, SLOT_ATTACHING, SLOT_ATTACHING, SLOT_READY},
        {slot_table_rollback, SLOT_ATTACHING, SLOT_ATTACHING, SLOT_FREE},
        {slot_table_vacate, SLOT_READY, SLOT_READY, SLOT_VACANT},
        {slot_table_detach, SLOT_READY, SLOT_VACANT, SLOT_DETACHING},
        {slot_table_release, SLOT_DETACHING, SLOT_DETACHING, SLOT_FREE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++)
        for (int from = SLOT_FREE; from <= SLOT_DETACHING; from++) {
            AUTO_SLOT_TABLE slot_table *table = in_state((enum slot_state)from);
            bool allowed = from == (int)transitions[i].from || from == (int)transitions[i].or ;
            assert_int_equal(transitions[i].function(table, 0, NULL), allowed ? 0 : -1);
            assert_int_equal(slot_table_state(table, 0), allowed ? (int)transitions[i].to : from);
        }
}

static void a_slot_that_was_vacant_is_vacant_after_a_rollback(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = in_state(SLOT_VACANT);

    (void)state;
    assert_int_equal(slot_table_reserve(table, NULL), -1); /* it is not free */
    assert_int_equal(slot_table_reserve_at(table, 0, NULL), 0);
    assert_int_equal(slot_table_rollback(table, 0, NULL), 0);
    assert_int_equal(slot_table_state(table, 0), SLOT_VACANT);
    assert_int_equal(slot_table_detach(table, 0, NULL), 0);
    assert_int_equal(slot_table_release(table, 0, NULL), 0);
    assert_int_equal(slot_table_reserve(table, NULL), 0);
    assert_int_equal(slot_table_rollback(table, 0, NULL), 0);
    assert_int_equal(slot_table_state(table, 0), SLOT_FREE);
}

static void the_generation_counts_reservations(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(2);

    (void)state;
    assert_int_equal(slot_table_generation(table, 0), 0);
    for (unsigned i = 1; i < 4; i++) {
        slot_table_reserve_at(table, 0, NULL);
        assert_int_equal(slot_table_reserve_at(table, 0, NULL), -1);
        assert_int_equal(slot_table_generation(table, 0), i);
        slot_table_rollback(table, 0, NULL);
    }
    assert_int_equal(slot_table_generation(table, 1), 0);
}

static void slots_are_counted_by_state(void **state)
{
    AUTO_SLOT_TABLE slot_table *table = slot_table_new(4);

    (void)state;
    slot_table_reserve(table, NULL);
    slot_table_reserve(table, NULL);
    slot_table_commit(table, 1, NULL);
    assert_int_equal(slot_table_count(table, SLOT_FREE), 2);
    assert_int_equal(slot_table_count(table, SLOT_ATTACHING), 1);
    assert_int_equal(slot_table_count(table, SLOT_READY), 1);
    assert_int_equal(slot_table_count(table, SLOT_DETACHING), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_drives_at_the_edges),
        cmocka_unit_test(index_is_the_inverse_of_name),
        cmocka_unit_test(index_of_anything_else_is_minus_one),
        cmocka_unit_test(the_lowest_free_slot_is_reserved),
        cmocka_unit_test(a_full_table_says_so),
        cmocka_unit_test(a_slot_outside_the_limit_is_refused_with_what_there_is),
        cmocka_unit_test(the_root_drive_is_no_slot),
        cmocka_unit_test(one_slot_is_singular),
        cmocka_unit_test(an_occupied_slot_is_refused),
        cmocka_unit_test(no_other_transitions_are_allowed),
        cmocka_unit_test(a_slot_that_was_vacant_is_vacant_after_a_rollback),
        cmocka_unit_test(the_generation_counts_reservations),
        cmocka_unit_test(slots_are_counted_by_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
