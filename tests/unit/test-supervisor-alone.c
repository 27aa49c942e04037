/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor: guests that need an appliance for themselves, as an
 * agent finds out when it looks at them. */
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

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(it_is_asked_about_again_where_no_other_is),
        TRIAL(the_others_keep_their_appliance),
        TRIAL(each_of_several_has_its_own),
        TRIAL(one_that_wants_more_than_that_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
