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

/* A host in a process of its own greets; it hears both requests before it gets an answer, so a
 * greeting takes no longer than HELLO alone. */
static enum greeting greet(struct agent_wire *wire, const char *message)
{
    AUTO_ERROR error *err = NULL;
    int status;
    pid_t host = fork();
    assert_true(host >= 0);
    if (host == 0) {
        int result = agent_client_greet(wire->host, clock_now() + 5 * CLOCK_SECOND, &err);
        bool named = err && strstr(error_message(err), "has not been renewed") &&
                     strstr(error_message(err), message);
        _exit(result == 0 ? GREETED : named ? NOT_RENEWED : FAILED_OTHERWISE);
    }
    request hello = agent_wire_hear(wire), renew = agent_wire_hear(wire);
    assert_int_equal(hello.body.op, OP_HELLO);
    assert_int_equal(renew.body.op, OP_RENEW);
    fake_answer_other(wire->agent, &hello, "");
    fake_answer_other(wire->agent, &renew, message);
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_true(WIFEXITED(status));
    return (enum greeting)WEXITSTATUS(status);
}

static void a_host_that_greets_renews(void **state)
{
    assert_int_equal(greet(*state, ""), GREETED);
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
        WIRE(an_appliance_that_was_not_renewed_is_not_used),
        WIRE(every_renewal_has_other_bytes),
        WIRE(a_renewal_has_the_time_of_this_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
