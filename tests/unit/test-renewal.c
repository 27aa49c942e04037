/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an agent does before it has got random bytes and the time of its host, and when it believes
 * that its clock is wrong. That the kernel takes them is for tests with a virtual machine. */
#include "agent/util/renewal.h"

#include "lib/agent-talk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

#define SECOND ((uint64_t)1000000000)

/* ---- an agent that was restored ---- */

static void ask_list(struct agent_process *f)
{
    request asked = {.body.op = OP_LIST};
    agent_ask(f, &asked);
}

static void expect(struct agent_process *f, op kind)
{
    answer reply = agent_expect(f, f->serial, kind);
    agent_free_answer(&reply);
}

static void says_who_it_is(void **state)
{
    struct agent_process *f = *state;
    agent_ask_hello(f, PROTOCOL_VERSION);
    expect(f, OP_HELLO);
}

static void answers_nothing_else(void **state)
{
    struct agent_process *f = *state;
    agent_ask_hello(f, PROTOCOL_VERSION);
    expect(f, OP_HELLO);
    ask_list(f);
    assert_int_equal(agent_ended(f), 1);
}

static void answers_when_it_was_renewed(void **state)
{
    struct agent_process *f = *state;
    agent_renew(f, "");
    ask_list(f);
    expect(f, OP_LIST);
}

static void starts_no_command(void **state)
{
    struct talk talk = {.agent = *state, .reader = frame_reader_new()};
    talk.fd = talk.agent->sessions[0];
    talk_call(&talk);
    START(&talk, "true");
    talk_expect_failure(&talk, "the appliance has not got random bytes of its host yet");
    frame_reader_free(talk.reader);
}

static void one_that_is_saved_must_be_renewed_again(void **state)
{
    struct agent_process *f = *state;
    request prepare = {.body.op = OP_PREPARE};
    agent_renew(f, "");
    agent_ask(f, &prepare);
    expect(f, OP_PREPARE);
    agent_call(f);
    ask_list(f);
    assert_int_equal(agent_ended(f), 1);
}

static void every_host_may_renew_it(void **state)
{
    struct agent_process *f = *state;
    agent_renew(f, "");
    agent_renew(f, "");
    ask_list(f);
    expect(f, OP_LIST);
}

/* ---- the clock ---- */

static void a_clock_that_is_behind_is_set(void **state)
{
    (void)state;
    assert_true(renewal_clock_differs(100 * SECOND, 101 * SECOND));
    assert_true(renewal_clock_differs(100 * SECOND, 100 * SECOND + 1));
    assert_true(renewal_clock_differs(0, UINT64_MAX));
}

static void a_clock_that_is_ahead_is_set(void **state)
{
    (void)state;
    assert_true(renewal_clock_differs(102 * SECOND, 100 * SECOND));
    assert_true(renewal_clock_differs(UINT64_MAX, 0));
}

static void a_message_that_took_its_time_does_not_set_the_clock_back(void **state)
{
    (void)state;
    assert_false(renewal_clock_differs(100 * SECOND, 100 * SECOND));
    assert_false(renewal_clock_differs(100 * SECOND + SECOND / 2, 100 * SECOND));
}

int main(void)
{
#define RESTORED(name) cmocka_unit_test_setup_teardown(name, agent_set_up_stale, agent_tear_down)
    const struct CMUnitTest tests[] = {
        RESTORED(says_who_it_is),
        RESTORED(answers_nothing_else),
        RESTORED(answers_when_it_was_renewed),
        RESTORED(starts_no_command),
        RESTORED(one_that_is_saved_must_be_renewed_again),
        RESTORED(every_host_may_renew_it),
        cmocka_unit_test(a_clock_that_is_behind_is_set),
        cmocka_unit_test(a_clock_that_is_ahead_is_set),
        cmocka_unit_test(a_message_that_took_its_time_does_not_set_the_clock_back),
    };
    if (!talk_is_possible())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
