/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor, where guests, appliances and workers fail: what each
 * costs, and whom. */
#include "lib/trial.h"
#include "wire/status.h"

#include "base/clock.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool is_seven(unsigned guest)
{
    return guest == 7;
}

static bool is_seven_or_nine(unsigned guest)
{
    return guest == 7 || guest == 9;
}

/* Guest 7 of 12 is the culprit, and only it. */
static void assert_seven_is_named(const struct trial *t)
{
    trial_assert_all_ok(t, is_seven);
    assert_int_equal(t->answers[7].status, STATUS_CRASHED);
    assert_true(strlen(t->answers[7].message) > 0);
}

static void a_guest_that_kills_its_appliance_is_named_and_its_neighbours_are_well(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 12);
    fake_script->guests[7].scan = FAKE_DIE;
    trial_run(t);
    assert_seven_is_named(t);
    /* The first, one for it alone, one for those that were there behind it, and one for those that
     * had not come so far. */
    assert_true(trial_appliances() <= 4);
}

static void what_a_lost_appliance_said_last_is_told(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 12);
    fake_script->guests[7].scan = FAKE_DIE;
    trial_run(t);
    assert_seven_is_named(t);
    assert_non_null(strstr(t->verbose, "its console: " FAKE_LAST_WORDS "\n"
                                       "the appliance is lost: "));
    assert_null(strstr(t->verbose, "booted")); /* before the panic */
    /* For -v only. */
    assert_null(strstr(t->answers[7].message, "panic"));
}

static void two_guests_that_kill_their_appliance_are_both_named(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 40);
    fake_script->guests[7].scan = fake_script->guests[9].scan = FAKE_DIE;
    trial_run(t);
    trial_assert_all_ok(t, is_seven_or_nine);
    assert_int_equal(t->answers[7].status, STATUS_CRASHED);
    assert_int_equal(t->answers[9].status, STATUS_CRASHED);
}

static void a_guest_that_kills_only_once_is_answered_for_in_the_end(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 12);
    fake_script->guests[7] = (struct fake_guest){.scan = FAKE_DIE, .times = 1};
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

static void a_guest_whose_disk_cannot_be_attached_costs_only_itself(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 12);
    fake_script->guests[7].attach = FAKE_FAIL;
    trial_run(t);
    trial_assert_all_ok(t, is_seven);
    assert_int_equal(t->answers[7].status, STATUS_CORRUPT);
    assert_int_equal(trial_appliances(), 1);
}

static void a_guest_whose_attaching_kills_the_worker_is_named(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 12);
    fake_script->guests[7].attach = FAKE_VANISH;
    trial_run(t);
    assert_seven_is_named(t);
}

/* So long that no other guest is late, whatever else the machine does. */
#define TIMEOUT 3

static void assert_seven_times_out(struct trial *t)
{
    t->config.timeout = TIMEOUT;
    trial_guests(t, 12);
    trial_run(t);
    trial_assert_all_ok(t, is_seven);
    assert_int_equal(t->answers[7].status, STATUS_TIMEOUT);
    assert_true(t->answers[7].elapsed >= TIMEOUT * CLOCK_SECOND);
    /* Those behind it have lost nothing but their place: they share the next one. */
    assert_int_equal(trial_appliances(), 2);
}

static void a_guest_that_hangs_times_out_alone(void **state)
{
    fake_script->guests[7].scan = FAKE_HANG;
    assert_seven_times_out(*state);
}

static void half_an_answer_times_out(void **state)
{
    fake_script->guests[7].scan = FAKE_HALF;
    assert_seven_times_out(*state);
}

static void a_guest_whose_attaching_hangs_times_out(void **state)
{
    struct trial *t = *state;
    fake_script->guests[7].attach = FAKE_STAY;
    t->config.timeout = TIMEOUT;
    trial_guests(t, 12);
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(t->answers[7].status, STATUS_TIMEOUT);
}

/* The one that was being scanned then cannot be told from it; those that were attached with it are
 * scanned one by one after that. */
static void a_guest_whose_disk_hangs_the_appliance_costs_one_other_at_most(void **state)
{
    struct trial *t = *state;
    unsigned late = 0;
    t->config.timeout = TIMEOUT;
    fake_script->guests[10].appear = FAKE_STAY;
    fake_script->delay = 1000;
    trial_guests(t, 40);
    trial_run(t);
    trial_assert_complete(t);
    assert_int_equal(t->answers[10].status, STATUS_TIMEOUT);
    for (unsigned i = 0; i < 40; i++) {
        late += t->answers[i].status == STATUS_TIMEOUT;
        assert_true(t->answers[i].status == STATUS_TIMEOUT || t->answers[i].status == STATUS_OK);
    }
    assert_true(late <= 2);
}

static void a_channel_that_closes_is_an_appliance_that_is_lost(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 12);
    fake_script->guests[7].scan = FAKE_CLOSE;
    trial_run(t);
    assert_seven_is_named(t);
}

static void every_lie_of_an_agent_costs_only_the_guest_that_tells_it(void **state)
{
    struct trial *t = *state;
    unsigned count = FAKE_LAST_LIE - FAKE_FIRST_LIE + 1;
    trial_guests(t, 2 * count);
    for (unsigned i = 0; i < count; i++)
        fake_script->guests[2 * i + 1].scan = (enum fake_scan)(FAKE_FIRST_LIE + i);
    trial_run(t);
    trial_assert_complete(t);
    for (unsigned i = 0; i < 2 * count; i++) {
        const struct trial_answer *answer = &t->answers[i];
        enum fake_scan how = fake_script->guests[i].scan;
        /* One whose first answer was good may have that one. */
        if (how == FAKE_OK || how == FAKE_LIE_TWICE || how == FAKE_LIE_UNSOLICITED)
            assert_int_equal(answer->status, STATUS_OK);
        else if (answer->status != STATUS_CRASHED || !strstr(answer->message, "trusted"))
            fail_msg("lie %d: %s: %s", (int)how, status_name(answer->status), answer->message);
    }
}

static void every_lie_of_a_worker_costs_only_the_guest_that_tells_it(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 2 * FAKE_WORKER_COUNT);
    for (unsigned i = 1; i < FAKE_WORKER_COUNT; i++)
        fake_script->guests[2 * i].worker = (enum fake_worker)i;
    trial_run(t);
    trial_assert_complete(t);
    for (unsigned i = 0; i < 2 * FAKE_WORKER_COUNT; i++) {
        const struct trial_answer *answer = &t->answers[i];
        enum fake_worker how = fake_script->guests[i].worker;
        if (how == FAKE_WORKER_HONEST)
            assert_int_equal(answer->status, STATUS_OK);
        else if (how != FAKE_WORKER_EARLY && answer->status != STATUS_CRASHED)
            fail_msg("lie %d: %s: %s", (int)how, status_name(answer->status), answer->message);
    }
}

/* It takes no orders, so what it has said is heard, and that has no end. */
static void a_worker_that_talks_for_ever_costs_only_the_guest_that_took_it_over(void **state)
{
    struct trial *t = *state;
    t->config.timeout = 2;
    trial_guests(t, 40);
    fake_script->delay = 1000;
    fake_script->guests[7].worker = FAKE_WORKER_FLOOD;
    trial_run(t);
    trial_assert_all_ok(t, is_seven);
}

/* There may be 128 at once. */
static void workers_that_do_not_end_are_ended(void **state)
{
    struct trial *t = *state;
    t->config.isolation = ISOLATE_GUEST;
    t->config.parallel = 2;
    trial_guests(t, 160);
    for (unsigned i = 0; i < 160; i++)
        fake_script->guests[i].worker = FAKE_WORKER_LINGER;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

static void assert_no_appliance(struct trial *t, enum fake_point point, enum fake_act act)
{
    trial_guests(t, 5);
    fake_script->steps[point].act = act;
    trial_run(t);
    assert_int_equal(t->end, SUPERVISOR_NO_APPLIANCE);
    assert_true(strlen(t->error) > 0);
    assert_int_equal(fake_script->calls[point], 3);
}

static void hypervisors_that_cannot_be_made_end_the_run_after_three(void **state)
{
    assert_no_appliance(*state, FAKE_NEW, FAKE_FAIL);
}

static void appliances_that_cannot_be_launched_end_the_run_after_three(void **state)
{
    assert_no_appliance(*state, FAKE_LAUNCH, FAKE_FAIL);
}

static void workers_that_are_killed_while_they_start_end_the_run_after_three(void **state)
{
    assert_no_appliance(*state, FAKE_LAUNCH, FAKE_VANISH);
}

static void agents_that_cannot_be_reached_end_the_run_after_three(void **state)
{
    assert_no_appliance(*state, FAKE_CHANNEL, FAKE_FAIL);
}

static void agents_that_die_at_once_end_the_run_after_three(void **state)
{
    assert_no_appliance(*state, FAKE_HELLO, FAKE_VANISH);
}

static void appliances_that_are_not_renewed_are_not_used(void **state)
{
    assert_no_appliance(*state, FAKE_RENEW, FAKE_FAIL);
}

static void one_that_is_not_renewed_is_replaced(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 5);
    fake_script->steps[FAKE_RENEW] = (struct fake_step){FAKE_FAIL, 0, 1};
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

static void two_appliances_that_do_not_come_up_are_tried_again(void **state)
{
    struct trial *t = *state;
    trial_guests(t, 5);
    fake_script->steps[FAKE_LAUNCH] = (struct fake_step){FAKE_FAIL, 0, 2};
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

/* As where memory or descriptors are enough for one appliance and not for two. */
static void appliances_that_do_not_come_up_beside_one_that_works_cost_nothing(void **state)
{
    struct trial *t = *state;
    t->config.parallel = 2;
    fake_script->steps[FAKE_LAUNCH] = (struct fake_step){FAKE_FAIL, 1, 6};
    fake_script->start_delay = 5000;
    fake_script->delay = 1000;
    trial_guests(t, 400);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_true(fake_script->calls[FAKE_LAUNCH] > 3);
}

/* Emptying is only worth it where a new appliance is dear. */
static void prepare_emptying(struct trial *t)
{
    fake_script->start_delay = 600000;
    t->config.wave = 4;
    trial_guests(t, 12);
}

static void a_disk_that_cannot_be_detached_costs_an_appliance_and_no_guest(void **state)
{
    struct trial *t = *state;
    prepare_emptying(t);
    fake_script->steps[FAKE_DETACH] = (struct fake_step){FAKE_FAIL, 2, 1};
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

static void an_agent_that_says_its_disks_do_not_go_costs_an_appliance_and_no_guest(void **state)
{
    struct trial *t = *state;
    prepare_emptying(t);
    fake_script->steps[FAKE_GONE] = (struct fake_step){FAKE_FAIL, 0, 1};
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_true(trial_appliances() >= 2);
}

static void an_appliance_that_dies_while_it_is_emptied_costs_no_guest(void **state)
{
    struct trial *t = *state;
    prepare_emptying(t);
    fake_script->steps[FAKE_REMOVE] = (struct fake_step){FAKE_VANISH, 1, 1};
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

static void an_end_that_hangs_does_not_hold_up_the_run(void **state)
{
    struct trial *t = *state;
    t->config.isolation = ISOLATE_GUEST;
    trial_guests(t, 6);
    fake_script->steps[FAKE_END].act = FAKE_STAY;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

/* 200 guests, two appliances, every 20th of them vicious in its own way. */
static bool is_vicious(unsigned guest)
{
    return guest % 20 == 13;
}

static void vicious_guests_cost_nobody_else(void **state)
{
    static const enum fake_scan ways[] = {FAKE_DIE, FAKE_CLOSE, FAKE_LIE_SERIAL, FAKE_LIE_FRAME};
    struct trial *t = *state;
    t->config.parallel = 2;
    trial_guests(t, 200);
    for (unsigned i = 0; i < 200; i++)
        if (is_vicious(i))
            fake_script->guests[i].scan = ways[i / 20 % 4];
    trial_run(t);
    trial_assert_all_ok(t, is_vicious);
    for (unsigned i = 0; i < 200; i++)
        if (is_vicious(i))
            assert_int_equal(t->answers[i].status, STATUS_CRASHED);
}

/* Those that are under way will give some back. */
static void no_descriptors_for_a_while_cost_no_guest_its_answer(void **state)
{
    struct trial *t = *state;
    t->starved = true;
    fake_script->delay = 20000; /* one after the other */
    trial_guests(t, 40);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
}

int main(int argc, char **argv)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(a_guest_that_kills_its_appliance_is_named_and_its_neighbours_are_well),
        TRIAL(what_a_lost_appliance_said_last_is_told),
        TRIAL(two_guests_that_kill_their_appliance_are_both_named),
        TRIAL(a_guest_that_kills_only_once_is_answered_for_in_the_end),
        TRIAL(a_guest_whose_disk_cannot_be_attached_costs_only_itself),
        TRIAL(a_guest_whose_attaching_kills_the_worker_is_named),
        TRIAL(a_guest_that_hangs_times_out_alone),
        TRIAL(half_an_answer_times_out),
        TRIAL(a_guest_whose_attaching_hangs_times_out),
        TRIAL(a_guest_whose_disk_hangs_the_appliance_costs_one_other_at_most),
        TRIAL(a_channel_that_closes_is_an_appliance_that_is_lost),
        TRIAL(every_lie_of_an_agent_costs_only_the_guest_that_tells_it),
        TRIAL(every_lie_of_a_worker_costs_only_the_guest_that_tells_it),
        TRIAL(a_worker_that_talks_for_ever_costs_only_the_guest_that_took_it_over),
        TRIAL(workers_that_do_not_end_are_ended),
        TRIAL(hypervisors_that_cannot_be_made_end_the_run_after_three),
        TRIAL(appliances_that_cannot_be_launched_end_the_run_after_three),
        TRIAL(workers_that_are_killed_while_they_start_end_the_run_after_three),
        TRIAL(agents_that_cannot_be_reached_end_the_run_after_three),
        TRIAL(agents_that_die_at_once_end_the_run_after_three),
        TRIAL(appliances_that_are_not_renewed_are_not_used),
        TRIAL(one_that_is_not_renewed_is_replaced),
        TRIAL(two_appliances_that_do_not_come_up_are_tried_again),
        TRIAL(appliances_that_do_not_come_up_beside_one_that_works_cost_nothing),
        TRIAL(a_disk_that_cannot_be_detached_costs_an_appliance_and_no_guest),
        TRIAL(an_agent_that_says_its_disks_do_not_go_costs_an_appliance_and_no_guest),
        TRIAL(an_appliance_that_dies_while_it_is_emptied_costs_no_guest),
        TRIAL(an_end_that_hangs_does_not_hold_up_the_run),
        TRIAL(no_descriptors_for_a_while_cost_no_guest_its_answer),
        TRIAL(vicious_guests_cost_nobody_else),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
