/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent on the host, as that of an appliance that lives between commands: how long it does. */
#include "lib/agent-process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h> /* needs the above */

static void keep(struct agent_process *f, unsigned idle)
{
    request asked = {.body.op = OP_KEEP, .body.request_body_u.keep.idle = idle};
    agent_ask(f, &asked);
    answer reply = agent_expect(f, f->serial, OP_KEEP);
    assert_int_equal(reply.body.answer_body_u.keep.message.message_len, 0);
    agent_free_answer(&reply);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void close_sessions(struct agent_process *f)
{
    for (size_t i = 0; i < AGENT_SESSIONS; i++)
        close(steal_fd(&f->sessions[i]));
}

/* It is our child: a signal would reach it after its end, too. */
static void assert_lives(const struct agent_process *f)
{
    assert_int_equal(waitpid(f->pid, NULL, WNOHANG), 0);
}

static void a_kept_agent_ends_when_it_was_idle(void **state)
{
    struct agent_process *f = *state;
    keep(f, 1);
    close_sessions(f);
    double start = now();
    assert_int_equal(agent_ended(f), 0);
    assert_true(now() - start > 0.9);
}

static void a_host_on_a_session_keeps_it(void **state)
{
    struct agent_process *f = *state;
    keep(f, 1);
    close(steal_fd(&f->sessions[1]));
    close(steal_fd(&f->channel));
    sleep(2);
    assert_lives(f);
    close(steal_fd(&f->sessions[0]));
    assert_int_equal(agent_ended(f), 0);
}

static void zero_keeps_it_for_ever(void **state)
{
    struct agent_process *f = *state;
    keep(f, 0);
    close_sessions(f);
    close(steal_fd(&f->channel));
    sleep(1);
    assert_lives(f);
    kill(f->pid, SIGTERM);
    assert_int_equal(agent_ended(f), 0);
}

int main(void)
{
#define KEEPING(name) cmocka_unit_test_setup_teardown(name, agent_set_up, agent_tear_down)
    const struct CMUnitTest tests[] = {
        KEEPING(a_kept_agent_ends_when_it_was_idle),
        KEEPING(a_host_on_a_session_keeps_it),
        KEEPING(zero_keeps_it_for_ever),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!getenv("AGENT")) {
        fprintf(stderr, "AGENT: not set to the agent's program\n");
        return 1;
    }
    return cmocka_run_group_tests_name("agent's keeping", tests, NULL, NULL);
}
