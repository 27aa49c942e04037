/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor, where all goes well: order, who shares with whom, what
 * is reused. */
#include "lib/trial.h"

#include "scan/worker.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void answers_come_in_the_order_of_the_list(void **state)
{
    struct trial *t = *state;
    char label[32];
    trial_guests(t, 40);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(label, sizeof label, "guest-%u", i);
        assert_string_equal(t->answers[i].label, label);
    }
}

static void an_empty_list_starts_nothing(void **state)
{
    struct trial *t = *state;
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(fake_script->calls[FAKE_NEW], 0);
}

static void a_thousand_guests_in_two_appliances_are_answered_for_once_each(void **state)
{
    struct trial *t = *state;
    t->config.parallel = 2;
    trial_guests(t, 1000);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(fake_script->scans[i], 1);
    assert_int_equal(t->stats.guests, 1000);
    assert_int_equal(t->stats.failed, 0);
}

static void guests_that_are_more_than_the_window_are_all_answered_for(void **state)
{
    struct trial *t = *state;
    t->config.parallel = 2;
    trial_guests(t, 3000);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

static void what_cannot_be_read_needs_no_appliance(void **state)
{
    struct trial *t = *state;
    char fifo[128];
    snprintf(fifo, sizeof fifo, "%s/fifo", t->directory);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    trial_guest(t, "/nonexistent/image");
    trial_guest(t, t->directory);
    trial_guest(t, fifo);
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(t->answers[0].status, STATUS_UNREADABLE);
    assert_int_equal(t->answers[1].status, STATUS_REFUSED);
    assert_int_equal(t->answers[2].status, STATUS_REFUSED);
    assert_int_equal(fake_script->calls[FAKE_NEW], 0);
    assert_int_equal(t->stats.failed, 3);
}

static void an_unreadable_guest_between_others_costs_only_itself(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 5);
    trial_guest(t, "/nonexistent/image");
    trial_guests(t, 5);
    trial_run(t);
    trial_assert_complete(t);
    for (unsigned i = 0; i < 11; i++)
        assert_int_equal(t->answers[i].status, i == 5 ? STATUS_UNREADABLE : STATUS_OK);
    assert_int_equal(trial_appliances(), 1);
}

static void guests_of_one_owner_share_an_appliance(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 20);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 1);
}

static void guests_of_two_owners_do_not_share(void **state)
{
    struct trial *t = *state;
    if (geteuid() != 0)
        skip(); /* only root can give files away */
    trial_guests(t, 40);
    for (unsigned i = 1; i < 40; i += 2)
        assert_int_equal(chown(trial_image(t, i, NULL), 1234, 1234), 0);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 2);
    assert_true(trial_shared(0, 38));
    assert_true(trial_shared(1, 39));
    for (unsigned i = 1; i < 40; i += 2)
        assert_false(trial_shared(0, i));
}

static void owners_do_not_matter_without_isolation(void **state)
{
    struct trial *t = *state;
    if (geteuid() != 0)
        skip();
    t->config.isolation = ISOLATE_NONE;
    trial_guests(t, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(chown(trial_image(t, i, NULL), 1000 + i, 1000), 0);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 1);
}

static void directories_are_isolated_when_asked_for(void **state)
{
    struct trial *t = *state;
    t->config.isolation = ISOLATE_DIRECTORY;
    trial_guests_in(t, 10, "a");
    trial_guests_in(t, 10, "b");
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 2);
    for (unsigned i = 0; i < 10; i++)
        assert_false(trial_shared(i, 19));
}

static void isolated_guests_never_share_an_appliance(void **state)
{
    struct trial *t = *state;
    t->config.isolation = ISOLATE_GUEST;
    t->config.parallel = 2;
    trial_guests(t, 30);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 30);
    assert_int_equal(fake_script->lasts, 30);
    for (unsigned i = 0; i < 30; i++)
        for (unsigned j = 0; j < i; j++)
            assert_false(trial_shared(i, j));
}

/* A question after the last one counts as a mistake (fake-qemu.c). */
static void only_the_end_of_a_list_is_asked_about_as_the_last(void **state)
{
    struct trial *t = *state;
    t->config.parallel = 1;
    trial_guests(t, 30);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 1);
    assert_int_equal(fake_script->lasts, 1);
    assert_int_equal(fake_script->mistakes, 0);
}

static unsigned highest_slot(void)
{
    unsigned highest = 0;
    for (unsigned i = 0; i < fake_script->record_count; i++)
        if (fake_script->records[i].slot > highest)
            highest = fake_script->records[i].slot;
    return highest;
}

static void a_small_wave_is_emptied_and_its_slots_are_used_again(void **state)
{
    struct trial *t = *state;
    fake_script->start_delay = 600000; /* dearer than detaching four disks is thought to be */
    t->config.wave = 4;
    trial_guests(t, 24);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_in_range(highest_slot(), 0, APPLIANCE_RESERVED - 1);
    assert_true(t->stats.emptied >= 2);
    assert_true(trial_appliances() < 6);
    /* A device for each of the disks that were there at the same time. */
    assert_in_range(fake_script->calls[FAKE_DETACH], t->stats.emptied, 4 * t->stats.emptied);
}

static void an_appliance_is_thrown_away_where_that_is_cheaper(void **state)
{
    struct trial *t = *state;
    /* To detach so many is thought to take 1.5 s; a start takes less on the slowest machine. */
    t->config.wave = 60;
    trial_guests(t, 240);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_in_range(highest_slot(), 0, WORKER_GUESTS_MAX - 1);
    assert_int_equal(t->stats.emptied, 0);
    assert_int_equal(trial_appliances(), 4);
}

static void a_guest_with_more_disks_than_a_wave_has_one_to_itself(void **state)
{
    struct trial *t = *state;
    t->config.wave = 4;
    trial_guests(t, 2);
    trial_big_guest(t, 9);
    trial_guests(t, 2);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(t->answers[2].volumes, 9);
    for (unsigned i = 0; i < 5; i++)
        assert_true(i == 2 || !trial_shared(i, 2));
}

static void a_guest_can_have_all_slots(void **state)
{
    struct trial *t = *state;
    trial_big_guest(t, SLOT_COUNT);
    trial_guests(t, 1);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(t->answers[0].volumes, SLOT_COUNT);
    assert_int_equal(highest_slot(), SLOT_COUNT - 1);
}

static void an_answer_of_the_longest_kind_comes_through(void **state)
{
    struct trial *t = *state;
    t->config.isolation = ISOLATE_GUEST;
    trial_guests(t, 4);
    fake_script->guests[2].scan = FAKE_ENORMOUS;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(t->answers[2].volumes, MAX_VOLUMES);
}

static void escapes_come_through_as_they_are(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 2);
    fake_script->guests[1].scan = FAKE_ESCAPES;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_string_equal(t->answers[1].label, "\033]0;owned\007\033[2J\r\n\"<&\xff");
}

static void statistics_add_up(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 10);
    trial_guest(t, "/nonexistent/image");
    trial_run(t);
    assert_int_equal(t->stats.guests, 11);
    assert_int_equal(t->stats.images, 11);
    assert_int_equal(t->stats.failed, 1);
    assert_int_equal(t->stats.waves, 1);
    assert_int_equal(t->stats.boots + t->stats.restores, 1);
    assert_true(t->stats.wall > 0);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(answers_come_in_the_order_of_the_list),
        TRIAL(an_empty_list_starts_nothing),
        TRIAL(a_thousand_guests_in_two_appliances_are_answered_for_once_each),
        TRIAL(guests_that_are_more_than_the_window_are_all_answered_for),
        TRIAL(what_cannot_be_read_needs_no_appliance),
        TRIAL(an_unreadable_guest_between_others_costs_only_itself),
        TRIAL(guests_of_one_owner_share_an_appliance),
        TRIAL(guests_of_two_owners_do_not_share),
        TRIAL(owners_do_not_matter_without_isolation),
        TRIAL(directories_are_isolated_when_asked_for),
        TRIAL(isolated_guests_never_share_an_appliance),
        TRIAL(only_the_end_of_a_list_is_asked_about_as_the_last),
        TRIAL(a_small_wave_is_emptied_and_its_slots_are_used_again),
        TRIAL(an_appliance_is_thrown_away_where_that_is_cheaper),
        TRIAL(a_guest_with_more_disks_than_a_wave_has_one_to_itself),
        TRIAL(a_guest_can_have_all_slots),
        TRIAL(an_answer_of_the_longest_kind_comes_through),
        TRIAL(escapes_come_through_as_they_are),
        TRIAL(statistics_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
