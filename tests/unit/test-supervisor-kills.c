/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor over a scripted hypervisor, while processes are killed: workers, their wardens,
 * their QEMU at random moments, the supervisor itself; and clients that stop, and signals. */
#include "lib/trial.h"

#include "base/clock.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned seed;

/* Until so many guests have been answered for, or the run has ended. */
static void wait_for_answers(const struct trial *t, unsigned count)
{
    uint64_t deadline = clock_now() + 60 * CLOCK_SECOND;
    while (atomic_load(&t->answer_count) < count && !t->ended && clock_now() < deadline)
        usleep(500);
}

enum victim { WARDEN, WORKER, QEMU };

/* Some warden of the run; 0: there is none now. */
static pid_t choose_warden(const struct trial *t)
{
    pid_t wardens[16];
    size_t count = trial_children(t->pid, NULL, wardens, 16);
    return count == 0 ? 0 : wardens[(unsigned)rand() % (count < 16 ? count : 16)];
}

/* The warden or what is below it; 0: that is not there. */
static pid_t choose_victim(pid_t warden, enum victim victim)
{
    pid_t below[1];
    if (victim == WARDEN)
        return warden;
    return trial_children(warden, victim == QEMU ? "fake-qemu" : "vlt-worker", below, 1) ? below[0]
                                                                                         : 0;
}

/* Three appliances in a row that do not come up end a run, and rightly: so somebody has been
 * answered for between one and the next. */
static void kill_at_random(struct trial *t, enum victim victim, unsigned times)
{
    for (unsigned i = 0; i < times && !t->ended; i++) {
        wait_for_answers(t, atomic_load(&t->answer_count) + 1);
        usleep((useconds_t)(rand() % 30000));
        pid_t warden = choose_warden(t);
        pid_t pid = warden > 1 ? choose_victim(warden, victim) : 0;
        if (pid > 1)
            kill(pid, SIGKILL);
    }
}

static void scan_under_fire(struct trial *t, enum victim victim)
{
    print_message("seed %u\n", seed);
    t->config.parallel = 2;
    fake_script->delay = 500;
    trial_guests(t, 400);
    trial_start(t);
    kill_at_random(t, victim, 12);
    trial_wait(t);
    assert_true(t->ended);
    trial_assert_complete(t);
}

static void workers_killed_at_random_cost_nothing(void **state)
{
    scan_under_fire(*state, WORKER);
    trial_assert_all_ok(*state, NULL);
}

static void wardens_killed_at_random_cost_nothing(void **state)
{
    scan_under_fire(*state, WARDEN);
    trial_assert_all_ok(*state, NULL);
}

/* Each costs the guest that was alone at most: that cannot be told from one which ended QEMU. */
static void appliances_killed_at_random_cost_no_answer(void **state)
{
    struct trial *t = *state;
    unsigned crashed = 0;
    scan_under_fire(t, QEMU);
    for (unsigned i = 0; i < 400; i++) {
        assert_true(t->answers[i].status == STATUS_OK || t->answers[i].status == STATUS_CRASHED);
        crashed += t->answers[i].status == STATUS_CRASHED;
    }
    assert_true(crashed <= 12);
}

static void what_a_killed_warden_left_is_ended_at_once(void **state)
{
    struct trial *t = *state;
    pid_t qemu[1];
    fake_script->delay = 20000;
    trial_guests(t, 40);
    trial_start(t);
    wait_for_answers(t, 1);
    pid_t warden = choose_warden(t);
    assert_true(warden > 1);
    assert_int_equal(trial_children(warden, "fake-qemu", qemu, 1), 1);
    kill(warden, SIGKILL);
    while (kill(qemu[0], 0) == 0 && !t->ended)
        usleep(1000);
    assert_false(t->ended);
    trial_wait(t);
    trial_assert_all_ok(t, NULL);
}

static void a_client_that_stops_ends_the_run(void **state)
{
    struct trial *t = *state;
    t->stop_at = 5;
    trial_guests(t, 100);
    trial_run(t);
    assert_int_equal(t->end, SUPERVISOR_STOPPED);
    assert_string_equal(t->error, "the client wants no more");
    assert_int_equal(t->answer_count, 5);
}

static void assert_ends_by(struct trial *t, int number)
{
    fake_script->delay = 5000;
    trial_guests(t, 400);
    trial_start(t);
    wait_for_answers(t, 3);
    uint64_t since = clock_now();
    kill(t->pid, number);
    trial_wait(t);
    assert_true(clock_now() - since < 5 * CLOCK_SECOND);
    assert_true(t->ended);
    assert_int_equal(t->end, SUPERVISOR_SIGNALLED);
    assert_int_equal(t->signal, number);
    assert_true(t->answer_count < 400);
}

static void sigterm_ends_the_run(void **state)
{
    assert_ends_by(*state, SIGTERM);
}

static void sigint_ends_the_run(void **state)
{
    assert_ends_by(*state, SIGINT);
}

static void sighup_ends_the_run(void **state)
{
    assert_ends_by(*state, SIGHUP);
}

static void a_signal_while_an_appliance_starts_ends_the_run(void **state)
{
    struct trial *t = *state;
    fake_script->steps[FAKE_LAUNCH].act = FAKE_STAY;
    trial_guests(t, 4);
    trial_start(t);
    for (int i = 0; i < 30000 && fake_script->calls[FAKE_LAUNCH] == 0; i++)
        usleep(1000);
    kill(t->pid, SIGTERM);
    trial_wait(t);
    assert_int_equal(t->end, SUPERVISOR_SIGNALLED);
}

/* More than the window holds, and nothing is ever waited for. */
static void a_signal_ends_a_run_that_only_refuses(void **state)
{
    struct trial *t = *state;
    for (unsigned i = 0; i < 3000; i++)
        trial_guest(t, "/nonexistent/image");
    t->signal_at = 100;
    trial_run(t);
    assert_int_equal(t->end, SUPERVISOR_SIGNALLED);
    assert_int_equal(t->signal, SIGTERM);
}

static void a_supervisor_that_is_killed_takes_everything_with_it(void **state)
{
    struct trial *t = *state;
    t->config.parallel = 2;
    fake_script->delay = 5000;
    trial_guests(t, 400);
    trial_start(t);
    wait_for_answers(t, 3);
    kill(t->pid, SIGKILL);
    trial_wait(t);
    assert_false(t->ended);
    /* trial_tear_down() gives what is left its time. */
}

int main(int argc, char **argv)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, trial_set_up, trial_tear_down)
    const char *given = getenv("SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_now();
    srand(seed);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        TRIAL(workers_killed_at_random_cost_nothing),
        TRIAL(wardens_killed_at_random_cost_nothing),
        TRIAL(appliances_killed_at_random_cost_no_answer),
        TRIAL(what_a_killed_warden_left_is_ended_at_once),
        TRIAL(a_client_that_stops_ends_the_run),
        TRIAL(sigterm_ends_the_run),
        TRIAL(sigint_ends_the_run),
        TRIAL(sighup_ends_the_run),
        TRIAL(a_signal_while_an_appliance_starts_ends_the_run),
        TRIAL(a_signal_ends_a_run_that_only_refuses),
        TRIAL(a_supervisor_that_is_killed_takes_everything_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
