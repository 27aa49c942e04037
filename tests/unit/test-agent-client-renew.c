/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a host begins: with what an appliance that was restored does not have of itself. */
#include "appliance/agent-client.h"

#include "base/clock.h"
#include "base/wall-clock.h"
#include "lib/agent-wire.h"
#include "lib/fake-agent.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h> /* needs the above */

enum greeting { GREETED, NOT_RENEWED, FAILED_OTHERWISE };

/* A host in a process of its own. */
static pid_t start_greeting(struct agent_wire *wire, const char *message)
{
    AUTO_ERROR error *err = NULL;
    pid_t host = fork();
    assert_true(host >= 0);
    if (host != 0)
        return host;
    int result = agent_client_greet(wire->host, clock_now() + 60 * CLOCK_SECOND, &err);
    bool named = err && strstr(error_message(err), "has not been renewed") &&
                 strstr(error_message(err), message);
    _exit(result == 0 ? GREETED : named ? NOT_RENEWED : FAILED_OTHERWISE);
}

static enum greeting end_greeting(pid_t host)
{
    int status;
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_true(WIFEXITED(status));
    return (enum greeting)WEXITSTATUS(status);
}

struct heard {
    request hello, renew;
};

static struct heard hear(struct agent_wire *wire)
{
    struct heard heard = {.hello = agent_wire_hear(wire)};
    heard.renew = agent_wire_hear(wire);
    assert_int_equal(heard.hello.body.op, OP_HELLO);
    assert_int_equal(heard.renew.body.op, OP_RENEW);
    return heard;
}

static void answer_both(struct agent_wire *wire, const struct heard *heard, const char *message)
{
    fake_answer_other(wire->agent, &heard->hello, "");
    fake_answer_other(wire->agent, &heard->renew, message);
}

/* It hears both requests before it gets an answer, so a greeting takes no longer than HELLO alone.
 */
static enum greeting greet(struct agent_wire *wire, const char *message)
{
    pid_t host = start_greeting(wire, message);
    struct heard heard = hear(wire);
    answer_both(wire, &heard, message);
    return end_greeting(host);
}

static void a_host_that_greets_renews(void **state)
{
    assert_int_equal(greet(*state, ""), GREETED);
}

/* … and is answered the second time, whether the first answers come late or never. */
static void a_greeting_that_is_not_answered_is_said_again(void **state)
{
    struct agent_wire *wire = *state;
    for (unsigned late = 0; late < 2; late++) {
        pid_t host = start_greeting(wire, "");
        struct heard first = hear(wire), second = hear(wire);
        assert_int_not_equal(first.hello.serial, second.hello.serial);
        assert_memory_not_equal(first.renew.body.request_body_u.renew.seed,
                                second.renew.body.request_body_u.renew.seed, RENEW_SEED);
        if (late)
            answer_both(wire, &first, "too late to count");
        answer_both(wire, &second, "");
        assert_int_equal(end_greeting(host), GREETED);
    }
}

static void an_appliance_that_was_not_renewed_is_not_used(void **state)
{
    assert_int_equal(greet(*state, "the clock: no"), NOT_RENEWED);
}

static void every_renewal_has_other_bytes(void **state)
{
    struct agent_wire *wire = *state;
    assert_int_equal(agent_client_renew(wire->host, NULL), 0);
    assert_int_equal(agent_client_renew(wire->host, NULL), 0);
    request first = agent_wire_hear(wire), second = agent_wire_hear(wire);
    const char *one = first.body.request_body_u.renew.seed;
    const char *other = second.body.request_body_u.renew.seed;
    for (size_t i = 0; i < RENEW_SEED; i += 16)
        assert_memory_not_equal(one + i, other + i, 16);
}

static void a_renewal_has_the_time_of_this_host(void **state)
{
    struct agent_wire *wire = *state;
    uint64_t before = wall_clock_now();
    assert_int_equal(agent_client_renew(wire->host, NULL), 0);
    request asked = agent_wire_hear(wire);
    uint64_t said = asked.body.request_body_u.renew.time;
    assert_true(said >= before);
    assert_true(said <= wall_clock_now());
}

int main(void)
{
#define WIRE(test) cmocka_unit_test_setup_teardown(test, agent_wire_set_up, agent_wire_tear_down)
    const struct CMUnitTest tests[] = {
        WIRE(a_host_that_greets_renews),
        WIRE(a_greeting_that_is_not_answered_is_said_again),
        WIRE(an_appliance_that_was_not_renewed_is_not_used),
        WIRE(every_renewal_has_other_bytes),
        WIRE(a_renewal_has_the_time_of_this_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
