/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* supervisor-rate GUESTS APPLIANCES: what a guest costs the supervisor, which is one thread,
 * however many processors a host has. Appliances are scripted ones that answer at once
 * (fake-hypervisor.h).
 *
 * Prints one line: guests, appliances, microseconds of processor time a guest, how many guests a
 * second take all of a processor at that, and those of the microseconds that the supervisor used
 * outside the kernel. Figures of `few` guests are subtracted, so that what a run costs once does
 * not count. */
#include "lib/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned guests, appliances;
static uint64_t used[2], user_time[2];

static void run_one(void **state, unsigned count, unsigned run)
{
    struct trial *t = *state;
    t->config.parallel = appliances;
    trial_guests(t, count);
    trial_run(t);
    trial_assert_all_ok(t, NULL);
    used[run] = t->processor;
    user_time[run] = t->user_time;
}

static void few(void **state)
{
    run_one(state, guests / 4, 0);
}

static void many(void **state)
{
    run_one(state, guests, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest runs[] = {
        cmocka_unit_test_setup_teardown(few, trial_set_up, trial_tear_down),
        cmocka_unit_test_setup_teardown(many, trial_set_up, trial_tear_down),
    };
    guests = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
    appliances = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
    if (guests < 4 || guests > TRIAL_ANSWERS || appliances == 0) {
        fprintf(stderr, "usage: supervisor-rate GUESTS APPLIANCES; at most %d guests\n",
                TRIAL_ANSWERS);
        return 2;
    }
    int failed = cmocka_run_group_tests(runs, NULL, NULL);
    const unsigned counted = guests - guests / 4;
    double each = (double)(used[1] - used[0]) / 1000 / counted;
    double outside = (double)(user_time[1] - user_time[0]) / 1000 / counted;
    printf("%u\t%u\t%.1f\t%.0f\t%.1f\n", guests, appliances, each, 1e6 / each, outside);
    return failed > 0;
}
