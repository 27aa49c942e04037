/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor where guests are asked for listings: parts in order and once, whatever dies; what
 * is kept where; lies; time. */
#include "lib/trial.h"
#include "scan/question-ls.h"
#include "wire/status.h"

#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static struct question_ls_asked asked = {
    .args = {.directories = {1, &(ls_directory){.path = {4, (char *)"/etc"}}}},
};

static void script(unsigned guests, unsigned parts, unsigned entries)
{
    for (unsigned i = 0; i < guests; i++) {
        fake_script->guests[i].ls.parts = parts;
        fake_script->guests[i].ls.entries = entries;
    }
}

static struct trial *trial_of(void **state, unsigned guests, unsigned parts, unsigned entries)
{
    struct trial *t = *state;
    asked.listing_max = 0;
    t->config.question = (struct question){&question_ls, &asked};
    t->read = trial_read_listing;
    trial_guests(t, guests);
    script(guests, parts, entries);
    return t;
}

static void assert_whole(const struct trial *t, unsigned guest)
{
    const struct fake_listing *listing = &fake_script->guests[guest].ls;
    const struct trial_answer *answer = &t->answers[guest];
    if (answer->status != STATUS_OK)
        fail_msg("guest %u: %s: %s", guest, status_name(answer->status), answer->message);
    assert_int_equal(answer->entries, listing->parts * listing->entries);
    assert_true(answer->ordered);
}

/* All guests but `but` (-1: none) have all of their listings, once. */
static void assert_whole_but(const struct trial *t, int but)
{
    trial_assert_complete(t);
    for (unsigned i = 0; i < t->answer_count; i++)
        if ((int)i != but)
            assert_whole(t, i);
}

static void assert_failed(const struct trial *t, unsigned guest, enum status status,
                          const char *why)
{
    const struct trial_answer *answer = &t->answers[guest];
    assert_whole_but(t, (int)guest);
    assert_int_equal(answer->entries, 0);
    if (answer->status != status || !strstr(answer->message, why))
        fail_msg("guest %u: %s: %s", guest, status_name(answer->status), answer->message);
}

static void parts_come_in_order_and_once(void **state)
{
    struct trial *t = trial_of(state, 30, 5, 100);
    trial_run(t);
    assert_whole_but(t, -1);
    assert_int_equal(t->stats.spools_filed, 0);
    assert_int_equal(t->stats.failed, 0);
}

static void a_guest_without_any_file_has_an_answer(void **state)
{
    struct trial *t = trial_of(state, 3, 0, 0);
    trial_run(t);
    assert_whole_but(t, -1);
}

static void notes_come_with_the_answer(void **state)
{
    struct trial *t = trial_of(state, 2, 1, 1);
    trial_run(t);
    assert_string_equal(t->answers[1].notes, "/etc/fstab:3: passed over\n");
}

static void a_long_listing_goes_to_a_file(void **state)
{
    struct trial *t = trial_of(state, 2, 60, 1000);
    trial_run(t);
    assert_whole_but(t, -1);
    assert_int_equal(t->stats.spools_filed, 2);
    assert_true(t->stats.spool_memory <= 2 * MIB);
}

/* 75 MB in all, which nobody may have yet, because the first is the last to answer. */
static void all_listings_together_have_a_budget(void **state)
{
    struct trial *t = trial_of(state, 0, 0, 0);
    t->config.isolation = ISOLATE_DIRECTORY;
    t->config.parallel = 2;
    trial_guests_in(t, 1, "a");
    trial_guests_in(t, 100, "b");
    script(101, 3, 1000);
    fake_script->guests[0].ls.after = 100;
    trial_run(t);
    assert_whole_but(t, -1);
    assert_true(t->stats.spool_memory > 32 * MIB);
    assert_true(t->stats.spool_memory <= 64 * MIB);
    assert_true(t->stats.spools_filed > 0);
}

static void half_a_listing_of_one_that_dies_once_is_forgotten(void **state)
{
    struct trial *t = trial_of(state, 12, 6, 100);
    fake_script->guests[7].ls.how = FAKE_LS_DIE;
    fake_script->guests[7].times = 1;
    trial_run(t);
    assert_whole_but(t, -1);
    assert_int_equal(fake_script->scans[7], 2);
}

static void one_that_always_dies_half_way_is_named_and_lists_nothing(void **state)
{
    struct trial *t = trial_of(state, 12, 6, 100);
    fake_script->guests[7].ls.how = FAKE_LS_DIE;
    trial_run(t);
    assert_failed(t, 7, STATUS_CRASHED, "the appliance is lost");
}

static void half_a_listing_in_a_file_is_forgotten_too(void **state)
{
    struct trial *t = trial_of(state, 3, 20, 1000);
    fake_script->guests[1].ls.how = FAKE_LS_CLOSE;
    fake_script->guests[1].times = 1;
    trial_run(t);
    assert_whole_but(t, -1);
}

static void one_that_hangs_half_way_times_out_and_lists_nothing(void **state)
{
    struct trial *t = trial_of(state, 12, 6, 100);
    t->config.timeout = 5;
    fake_script->guests[7].ls.how = FAKE_LS_HANG;
    trial_run(t);
    assert_failed(t, 7, STATUS_TIMEOUT, "--timeout");
}

static void parts_that_go_on_and_on_do_not_lengthen_the_time(void **state)
{
    struct trial *t = trial_of(state, 3, 4, 1);
    t->config.timeout = 5;
    fake_script->guests[1].ls.pause = 2000000;
    trial_run(t);
    assert_whole_but(t, 1);
    assert_failed(t, 1, STATUS_TIMEOUT, "--timeout");
}

static void a_client_that_takes_its_time_costs_no_guest_its_answer(void **state)
{
    struct trial *t = trial_of(state, 2, 4, 1000);
    t->config.timeout = 3;
    t->slow = 4000000;
    trial_run(t);
    assert_whole_but(t, -1);
}

static void what_an_agent_says_of_the_whole_comes_through(void **state)
{
    struct trial *t = trial_of(state, 2, 2, 10);
    fake_script->guests[1].ls.how = FAKE_LS_STATUS;
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(t->answers[1].status, STATUS_UNSUPPORTED);
    assert_string_equal(t->answers[1].message, "half of it is missing");
    assert_int_equal(t->answers[1].entries, 20);
}

static void a_listing_that_is_too_long_is_given_up(void **state)
{
    struct trial *t = trial_of(state, 12, 4, 10);
    asked.listing_max = MIB;
    fake_script->guests[7].ls.parts = 8;
    fake_script->guests[7].ls.entries = 1000;
    trial_run(t);
    assert_failed(t, 7, STATUS_CRASHED, "its listing has more than 1048576 bytes");
    assert_int_equal(fake_script->scans[7], 1);
}

static void every_lie_costs_only_the_guest_that_tells_it(void **state)
{
    unsigned count = FAKE_LS_LAST_LIE - FAKE_LS_FIRST_LIE + 1;
    struct trial *t = trial_of(state, 2 * count, 3, 10);
    for (unsigned i = 0; i < count; i++)
        fake_script->guests[2 * i + 1].ls.how = (enum fake_ls)(FAKE_LS_FIRST_LIE + i);
    trial_run(t);
    trial_assert_complete(t);
    for (unsigned i = 0; i < 2 * count; i++) {
        const struct trial_answer *answer = &t->answers[i];
        enum fake_ls how = fake_script->guests[i].ls.how;
        /* One whose answer was good may have that one. */
        if (how == FAKE_LS_OK || how == FAKE_LS_LIE_MORE)
            assert_whole(t, i);
        else if (answer->status != STATUS_CRASHED || !strstr(answer->message, "trusted") ||
                 answer->entries > 0)
            fail_msg("lie %d: %s: %s", (int)how, status_name(answer->status), answer->message);
    }
}

static void a_disk_that_cannot_be_attached_costs_only_itself(void **state)
{
    struct trial *t = trial_of(state, 12, 3, 10);
    fake_script->guests[7].attach = FAKE_FAIL;
    trial_run(t);
    assert_failed(t, 7, STATUS_CORRUPT, "the image is no good");
}

static void workers_that_are_killed_half_way_cost_nobody_anything(void **state)
{
    struct trial *t = trial_of(state, 20, 10, 50);
    for (unsigned i = 0; i < 20; i += 3) {
        fake_script->guests[i].ls.how = i % 2 ? FAKE_LS_DIE : FAKE_LS_CLOSE;
        fake_script->guests[i].times = 1;
    }
    t->config.parallel = 2;
    trial_run(t);
    assert_whole_but(t, -1);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(parts_come_in_order_and_once),
        TRIAL(a_guest_without_any_file_has_an_answer),
        TRIAL(notes_come_with_the_answer),
        TRIAL(a_long_listing_goes_to_a_file),
        TRIAL(all_listings_together_have_a_budget),
        TRIAL(half_a_listing_of_one_that_dies_once_is_forgotten),
        TRIAL(one_that_always_dies_half_way_is_named_and_lists_nothing),
        TRIAL(half_a_listing_in_a_file_is_forgotten_too),
        TRIAL(one_that_hangs_half_way_times_out_and_lists_nothing),
        TRIAL(parts_that_go_on_and_on_do_not_lengthen_the_time),
        TRIAL(a_client_that_takes_its_time_costs_no_guest_its_answer),
        TRIAL(what_an_agent_says_of_the_whole_comes_through),
        TRIAL(a_listing_that_is_too_long_is_given_up),
        TRIAL(every_lie_costs_only_the_guest_that_tells_it),
        TRIAL(a_disk_that_cannot_be_attached_costs_only_itself),
        TRIAL(workers_that_are_killed_half_way_cost_nobody_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
