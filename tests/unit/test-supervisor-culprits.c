/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor: how many appliances it takes to find who kills them
 * among 255 guests. */
#include "lib/trial.h"

#include "base/clock.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GUESTS 255

/* For each culprit: the one that was being scanned alone, those that were attached with it one by
 * one, the culprit alone, what is left of those, and all others. */
#define FURTHER 5

static bool culprits[GUESTS];

static bool is_culprit(unsigned guest)
{
    return culprits[guest];
}

/* With attaching well ahead of the scans, as it is where the guest is slow. */
static void scan(struct trial *t)
{
    fake_script->delay = 300;
    trial_guests(t, GUESTS);
    trial_run(t);
    trial_assert_all_ok(t, is_culprit);
    for (unsigned i = 0; i < GUESTS; i++)
        if (is_culprit(i))
            assert_int_equal(t->answers[i].status, STATUS_CRASHED);
}

static void assert_cheap(unsigned count)
{
    unsigned appliances = trial_appliances();
    if (appliances > 1 + count * FURTHER)
        fail_msg("%u appliances for %u culprits", appliances, count);
}

static void one_that_dies_of(struct trial *t, unsigned guest, bool attaching)
{
    memset(culprits, 0, sizeof culprits);
    culprits[guest] = true;
    fake_script->guests[guest].scan = attaching ? FAKE_OK : FAKE_DIE;
    fake_script->guests[guest].appear = attaching ? FAKE_VANISH : FAKE_SUCCEED;
    scan(t);
    assert_cheap(1);
}

#define ONE(name, guest, attaching)                                                                \
    static void name(void **state)                                                                 \
    {                                                                                              \
        one_that_dies_of(*state, guest, attaching);                                                \
    }

ONE(the_first_kills_when_it_is_scanned, 0, false)
ONE(the_first_kills_when_it_is_attached, 0, true)
ONE(one_kills_when_it_is_scanned, 130, false)
ONE(one_kills_when_it_is_attached, 130, true)
ONE(the_twelfth_kills_when_it_is_attached, 11, true)
ONE(the_last_kills_when_it_is_scanned, GUESTS - 1, false)
ONE(the_last_kills_when_it_is_attached, GUESTS - 1, true)

static void several(struct trial *t, const unsigned *which, unsigned count, bool attaching)
{
    memset(culprits, 0, sizeof culprits);
    for (unsigned i = 0; i < count; i++) {
        culprits[which[i]] = true;
        fake_script->guests[which[i]].scan = attaching ? FAKE_OK : FAKE_DIE;
        fake_script->guests[which[i]].appear = attaching ? FAKE_VANISH : FAKE_SUCCEED;
    }
    scan(t);
    assert_cheap(count);
}

static const unsigned spread[] = {3, 60, 61, 128, 200, 254};
static const unsigned neighbours[] = {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111};

static void several_that_kill_when_scanned_are_all_named(void **state)
{
    several(*state, spread, sizeof spread / sizeof *spread, false);
}

static void several_that_kill_when_attached_are_all_named(void **state)
{
    several(*state, spread, sizeof spread / sizeof *spread, true);
}

static void neighbours_that_kill_when_scanned_are_all_named(void **state)
{
    several(*state, neighbours, sizeof neighbours / sizeof *neighbours, false);
}

static void neighbours_that_kill_when_attached_are_all_named(void **state)
{
    several(*state, neighbours, sizeof neighbours / sizeof *neighbours, true);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(the_first_kills_when_it_is_scanned),
        TRIAL(the_first_kills_when_it_is_attached),
        TRIAL(one_kills_when_it_is_scanned),
        TRIAL(one_kills_when_it_is_attached),
        TRIAL(the_twelfth_kills_when_it_is_attached),
        TRIAL(the_last_kills_when_it_is_scanned),
        TRIAL(the_last_kills_when_it_is_attached),
        TRIAL(several_that_kill_when_scanned_are_all_named),
        TRIAL(several_that_kill_when_attached_are_all_named),
        TRIAL(neighbours_that_kill_when_scanned_are_all_named),
        TRIAL(neighbours_that_kill_when_attached_are_all_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
