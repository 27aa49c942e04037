/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor, where a slow guest stands in front and the answers of
 * all others are as long as can be: waiting answers have a budget, and no guest waits for ever. */
#include "lib/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define GUESTS 400u /* 0.8 MB each */

/* KiB: what may wait, what is under way in two appliances, and what is on its way. */
#define MEMORY_MAX ((size_t)(64 + 2 * 12 + 40) * 1024)

static struct trial *trial_of(void **state)
{
    struct trial *t = *state;
    t->config.isolation = ISOLATE_DIRECTORY;
    t->config.parallel = 2;
    t->patience = 60000;
    trial_guests_in(t, 1, "a");
    trial_guests_in(t, GUESTS, "b");
    fake_script->guests[0].scan = FAKE_HANG;
    for (unsigned i = 1; i <= GUESTS; i++)
        fake_script->guests[i].scan = FAKE_ENORMOUS;
    return t;
}

static unsigned asked_about(void)
{
    unsigned count = 0;
    for (unsigned i = 1; i <= GUESTS; i++)
        count += atomic_load(&fake_script->scans[i]);
    return count;
}

static void assert_memory(const struct trial *t)
{
#ifndef __SANITIZE_ADDRESS__
    print_message("%zu KiB\n", t->memory);
    assert_true(t->memory <= MEMORY_MAX);
#else
    (void)t;
#endif
}

static bool is_first(unsigned guest)
{
    return guest == 0;
}

static void answers_that_wait_have_a_budget(void **state)
{
    struct trial *t = trial_of(state);
    t->config.timeout = 8; /* the others have as long, on a busy machine, too */
    trial_run(t);
    trial_assert_all_ok(t, is_first);
    assert_int_equal(t->answers[0].status, STATUS_TIMEOUT);
    assert_memory(t);
}

/* By then only that guest is given to a worker. */
static void the_one_that_is_waited_for_may_begin_again(void **state)
{
    struct trial *t = trial_of(state);
    unsigned asked = 0;
    pid_t wardens[16];
    fake_script->guests[0].times = 1;
    trial_start(t);
    do {
        asked = asked_about();
        usleep(700000);
    } while (asked < 60 || asked_about() > asked);
    assert_true(asked < GUESTS / 2);
    size_t count = trial_children(t->pid, NULL, wardens, 16);
    for (size_t i = 0; i < count && i < 16; i++)
        kill(wardens[i], SIGKILL);
    trial_wait(t);
    trial_assert_all_ok(t, NULL);
    assert_memory(t);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TRIAL(answers_that_wait_have_a_budget),
        TRIAL(the_one_that_is_waited_for_may_begin_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
