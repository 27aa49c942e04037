/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An appliance has died: who did it, how many more die until that is known, and who is excused. */
#include "scan/guest-queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct entry *add(guest_queue *w, uint64_t number)
{
    struct guest *guest = guest_new(number);
    assert_int_equal(guest_add_image(guest, "image", strlen("image"), IMAGE_RAW, 0, NULL), 0);
    struct entry *entry = guest_queue_add(w, guest);
    assert_non_null(entry);
    assert_int_equal(guest_queue_set_owner(entry, 0, 1, 1), 0);
    return entry;
}

static void fill(guest_queue *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add(w, i);
}

struct search {
    unsigned died, used; /* appliances after the first */
    unsigned named;      /* culprits that were found */
};

/* What is given one by one: those before the culprit are answered for, those behind it stay. What
 * the appliance left unanswered goes to *batch. Whether it died. */
static bool play_one_by_one(guest_queue *w, const struct entry *like, const bool *culprit,
                            struct entry **batch, bool *alone)
{
    struct entry *next;
    *alone = true;
    while ((next = guest_queue_next(w, like, SLOT_COUNT))) {
        guest_queue_take(w, next);
        *batch = next;
        if (culprit[next->guest->number])
            return true;
        guest_queue_refuse(w, next, STATUS_OK, "", 0);
        *alone = false;
    }
    return false;
}

static void put_back(guest_queue *w, struct search *search, struct entry *const *batch,
                     size_t count, bool alone, const bool *culprit)
{
    if (guest_queue_put_back(w, batch, count, alone)) {
        assert_true(culprit[batch[0]->guest->number]);
        guest_queue_refuse(w, batch[0], STATUS_CRASHED, "", 0);
        search->named++;
    }
}

/* Plays the whole: appliances take all that may share, at most `depth`, and die before any answer
 * when a culprit is among them. A culprit may be known by its first turn (`in_turn`): then those
 * before it have been answered for. */
static struct search play(unsigned count, unsigned depth, const bool *culprit, bool in_turn)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct search search = {0};
    struct entry *batch[GUEST_QUEUE_WINDOW], *next;
    bool first_one = true;
    fill(w, count);
    while ((next = guest_queue_next(w, NULL, SLOT_COUNT))) {
        const struct entry like = *next;
        size_t taken = 0, first = 0;
        bool dies = false, alone = false;
        if (guest_queue_one_by_one(&like)) {
            dies = play_one_by_one(w, &like, culprit, batch, &alone);
            if (dies)
                put_back(w, &search, batch, 1, alone, culprit);
        }
        while (!guest_queue_one_by_one(&like) && taken < depth &&
               (next = guest_queue_next(w, &like, SLOT_COUNT))) {
            guest_queue_take(w, next);
            dies |= culprit[next->guest->number];
            batch[taken++] = next;
        }
        search.used += !first_one;
        search.died += dies && !first_one;
        first_one = false;
        while (first < taken && (!dies || (in_turn && !culprit[batch[first]->guest->number])))
            guest_queue_refuse(w, batch[first++], STATUS_OK, "", 0);
        if (dies && taken > 0)
            put_back(w, &search, batch + first, taken - first, taken == 1, culprit);
    }
    assert_int_equal(guest_queue_waiting(w), 0);
    guest_queue_free(w);
    return search;
}

static void check_bounds(unsigned count, bool in_turn, unsigned most_dying, unsigned most)
{
    for (unsigned c = 0; c < count; c++) {
        bool culprit[GUEST_QUEUE_WINDOW] = {false};
        culprit[c] = true;
        struct search search = play(count, count, culprit, in_turn);
        assert_int_equal(search.named, 1);
        if (search.died > most_dying || search.used > most)
            fail_msg("culprit %u of %u: %u more appliances, %u died", c, count, search.used,
                     search.died);
    }
}

/* It dies of the one whose turn it is: that one alone, and one for those behind it. */
static void a_culprit_in_its_turn_costs_two_more_appliances(void **state)
{
    (void)state;
    check_bounds(12, true, 1, 2);
    check_bounds(255, true, 1, 2);
}

/* It dies of one whose turn had not come: the first alone, the rest one by one until it dies again,
 * that one alone, and what is left of the rest. */
static void a_culprit_out_of_turn_costs_four_more_appliances(void **state)
{
    (void)state;
    check_bounds(12, false, 2, 4);
    check_bounds(255, false, 2, 4);
}

static void two_culprits_are_both_found(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 12; a++)
        for (unsigned b = 0; b < a; b++) {
            bool culprit[GUEST_QUEUE_WINDOW] = {false};
            culprit[a] = culprit[b] = true;
            assert_int_equal(play(12, 12, culprit, true).named, 2);
            struct search search = play(12, 12, culprit, false);
            assert_int_equal(search.named, 2);
            assert_true(search.died <= 4);
        }
}

static void all_culprits_are_found(void **state)
{
    bool culprit[GUEST_QUEUE_WINDOW];
    (void)state;
    memset(culprit, true, sizeof culprit);
    assert_int_equal(play(12, 12, culprit, false).named, 12);
    assert_int_equal(play(255, 12, culprit, true).named, 255);
}

static void nobody_to_put_back_is_nobody_to_blame(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    (void)state;
    assert_int_equal(guest_queue_put_back(w, NULL, 0, true), 0);
    assert_int_equal(guest_queue_put_back(w, NULL, 0, false), 0);
    guest_queue_free(w);
}

static void the_last_one_is_only_blamed_if_it_was_ever_alone(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entry = add(w, 0);
    (void)state;
    guest_queue_take(w, entry);
    assert_int_equal(guest_queue_put_back(w, &entry, 1, false), 0);
    assert_int_equal(guest_queue_waiting(w), 1);
    guest_queue_take(w, entry);
    assert_int_equal(guest_queue_put_back(w, &entry, 1, true), 1);
    assert_int_equal(guest_queue_waiting(w), 0);
    guest_queue_free(w);
}

static void who_was_put_back_meets_nobody_else(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entries[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        entries[i] = add(w, i);
        guest_queue_take(w, entries[i]);
    }
    struct entry *other = add(w, 3);
    guest_queue_put_back(w, entries, 3, false);
    assert_false(guest_queue_may_share(w, entries[0], entries[1]));
    assert_true(guest_queue_may_share(w, entries[1], entries[2]));
    assert_false(guest_queue_may_share(w, entries[1], other));
    guest_queue_free(w);
}

static void who_was_given_back_keeps_its_company(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entries[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        entries[i] = add(w, i);
        guest_queue_take(w, entries[i]);
        entries[i]->turn = 7;
    }
    struct entry *other = add(w, 2);
    guest_queue_give_back(w, entries, 2);
    assert_int_equal(guest_queue_waiting(w), 3);
    assert_true(guest_queue_may_share(w, entries[1], other));
    assert_int_equal(entries[0]->turn, 0);
    assert_ptr_equal(guest_queue_next(w, NULL, 1), entries[0]);
    guest_queue_free(w);
}

static void who_was_in_a_killed_worker_is_excused_three_times(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entries[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        entries[i] = add(w, i);
    for (unsigned times = 0; times < 3; times++) {
        guest_queue_take(w, entries[0]);
        assert_true(guest_queue_excuse(w, entries, 1, false));
        assert_int_equal(guest_queue_waiting(w), 2);
        assert_true(guest_queue_may_share(w, entries[0], entries[1]));
    }
    guest_queue_take(w, entries[0]);
    guest_queue_take(w, entries[1]);
    assert_false(guest_queue_excuse(w, entries, 2, false));
    assert_int_equal(guest_queue_waiting(w), 0);
    guest_queue_free(w);
}

static void a_killed_worker_that_has_answered_counts_against_nobody(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entry = add(w, 0);
    (void)state;
    for (unsigned times = 0; times < 100; times++) {
        guest_queue_take(w, entry);
        assert_true(guest_queue_excuse(w, &entry, 1, true));
    }
    guest_queue_take(w, entry);
    assert_true(guest_queue_excuse(w, &entry, 1, false));
    guest_queue_free(w);
}

/* What happened to its company is not held against it. */
static void who_waits_apart_is_excused_anew(void **state)
{
    guest_queue *w = guest_queue_new(ISOLATE_NONE);
    struct entry *entry = add(w, 0);
    (void)state;
    for (unsigned times = 0; times < 3; times++) {
        guest_queue_take(w, entry);
        assert_true(guest_queue_excuse(w, &entry, 1, false));
    }
    guest_queue_take(w, entry);
    assert_int_equal(guest_queue_put_back(w, &entry, 1, false), 0);
    for (unsigned times = 0; times < 3; times++) {
        guest_queue_take(w, entry);
        assert_true(guest_queue_excuse(w, &entry, 1, false));
    }
    guest_queue_take(w, entry);
    assert_false(guest_queue_excuse(w, &entry, 1, false));
    guest_queue_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_culprit_in_its_turn_costs_two_more_appliances),
        cmocka_unit_test(a_culprit_out_of_turn_costs_four_more_appliances),
        cmocka_unit_test(two_culprits_are_both_found),
        cmocka_unit_test(all_culprits_are_found),
        cmocka_unit_test(nobody_to_put_back_is_nobody_to_blame),
        cmocka_unit_test(the_last_one_is_only_blamed_if_it_was_ever_alone),
        cmocka_unit_test(who_was_put_back_meets_nobody_else),
        cmocka_unit_test(who_was_given_back_keeps_its_company),
        cmocka_unit_test(who_was_in_a_killed_worker_is_excused_three_times),
        cmocka_unit_test(a_killed_worker_that_has_answered_counts_against_nobody),
        cmocka_unit_test(who_waits_apart_is_excused_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
