/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor: guests that need an appliance for themselves, as an
 * agent finds out when it looks at them, or when it does not come back from a journal. */
#include "lib/trial.h"

#include "scan/question-df.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GUESTS 40

static const scan_args asked = {.fragile = FRAGILE_ELSEWHERE};

static struct trial *begin(void **state, unsigned guests)
{
    struct trial *t = *state;
    t->config.question = (struct question){&question_df, &asked};
    t->config.parallel = 1;
    trial_guests(t, guests);
    return t;
}

static void it_is_asked_about_again_where_no_other_is(void **state)
{
    struct trial *t = begin(state, GUESTS);
    fake_script->guests[7].scan = FAKE_ALONE;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(fake_script->scans[7], 2);
    assert_int_equal(trial_appliances(), 2);
}

static void the_others_keep_their_appliance(void **state)
{
    struct trial *t = begin(state, GUESTS);
    fake_script->guests[0].scan = fake_script->guests[20].scan = FAKE_ALONE;
    fake_script->guests[GUESTS - 1].scan = FAKE_ALONE;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 4);
    for (unsigned i = 1; i < GUESTS - 1; i++)
        if (i != 20) {
            assert_int_equal(fake_script->scans[i], 1);
            assert_true(i == 1 || trial_shared(1, i));
        }
}

static void each_of_several_has_its_own(void **state)
{
    struct trial *t = begin(state, 3);
    for (unsigned i = 0; i < 3; i++)
        fake_script->guests[i].scan = FAKE_ALONE;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(trial_appliances(), 4);
}

static bool is_third(unsigned guest)
{
    return guest == 3;
}

static void one_that_wants_more_than_that_is_not_believed(void **state)
{
    struct trial *t = begin(state, GUESTS);
    fake_script->guests[3].scan = FAKE_GREEDY;
    trial_run(t);
    trial_assert_all_ok(t, is_third);
    assert_int_equal(t->answers[3].status, STATUS_CRASHED);
    assert_non_null(strstr(t->answers[3].message, "asked for what it has"));
    assert_int_equal(trial_appliances(), 2);
}

/* ---- more memory ---- */

static void one_that_takes_more_memory_gets_another_appliance(void **state)
{
    struct trial *t = begin(state, GUESTS);
    fake_script->guests[0].scan = fake_script->guests[9].scan = FAKE_MEMORY;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(fake_script->scans[0], 2);
    assert_int_equal(fake_script->scans[9], 2);
    assert_int_equal(trial_appliances(), 3);
    for (unsigned i = 1; i < GUESTS; i++)
        assert_false(trial_shared(0, i) && fake_script->scans[i] > 2);
}

/* Those with much memory from the beginning have no larger ones. */
static void where_all_have_much_there_is_none_with_more(void **state)
{
    struct trial *t = begin(state, 3);
    t->config.memory_mib = 4096;
    fake_script->guests[1].scan = FAKE_MEMORY;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(fake_script->scans[1], 1);
    assert_int_equal(trial_appliances(), 1);
}

static void where_the_size_is_given_there_is_none_with_more(void **state)
{
    struct trial *t = begin(state, 3);
    t->config.memory_mib = 300;
    t->config.memory_fixed = true;
    fake_script->guests[1].scan = FAKE_MEMORY;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(fake_script->scans[1], 1);
}

static void one_that_wants_still_more_is_not_believed(void **state)
{
    struct trial *t = begin(state, GUESTS);
    fake_script->guests[3].scan = FAKE_MORE;
    trial_run(t);
    trial_assert_all_ok(t, is_third);
    assert_int_equal(t->answers[3].status, STATUS_CRASHED);
    assert_int_equal(trial_appliances(), 2);
}

/* ---- journals that take longer than there is time ---- */

#define TIMEOUT 2

/* The first of the two was in time, so it is replayed again. */
static void one_whose_journal_takes_too_long_is_read_without(void **state)
{
    struct trial *t = begin(state, GUESTS);
    t->config.timeout = TIMEOUT;
    fake_script->guests[3].scan = FAKE_REPLAY;
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    assert_int_equal(fake_script->scans[3], 2);
}

static void one_that_takes_too_long_without_has_no_third_chance(void **state)
{
    struct trial *t = begin(state, GUESTS);
    t->config.timeout = TIMEOUT;
    fake_script->guests[3].scan = FAKE_REPLAY_EVER;
    trial_run(t);
    trial_assert_all_ok(t, is_third);
    assert_int_equal(t->answers[3].status, STATUS_TIMEOUT);
    assert_int_equal(fake_script->scans[3], 2);
}

static void a_journal_that_was_in_time_is_no_excuse(void **state)
{
    struct trial *t = begin(state, GUESTS);
    t->config.timeout = TIMEOUT;
    fake_script->guests[3].scan = FAKE_REPLAYED;
    trial_run(t);
    trial_assert_all_ok(t, is_third);
    assert_int_equal(t->answers[3].status, STATUS_TIMEOUT);
    assert_int_equal(fake_script->scans[3], 1);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(it_is_asked_about_again_where_no_other_is),
        TRIAL(the_others_keep_their_appliance),
        TRIAL(each_of_several_has_its_own),
        TRIAL(one_that_wants_more_than_that_is_not_believed),
        TRIAL(one_that_takes_more_memory_gets_another_appliance),
        TRIAL(where_all_have_much_there_is_none_with_more),
        TRIAL(where_the_size_is_given_there_is_none_with_more),
        TRIAL(one_that_wants_still_more_is_not_believed),
        TRIAL(one_whose_journal_takes_too_long_is_read_without),
        TRIAL(one_that_takes_too_long_without_has_no_third_chance),
        TRIAL(a_journal_that_was_in_time_is_no_excuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
