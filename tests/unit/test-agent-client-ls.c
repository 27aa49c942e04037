/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the agent's wire where one question has several answers. */
#include "appliance/agent-client.h"

#include "base/clock.h"
#include "lib/agent-wire.h"
#include "lib/fake-agent.h"
#include "lib/fake-lister.h"
#include "scan/question-ls.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Asks; the question as the agent reads it, which the caller frees. */
static request ask(struct agent_wire *wire)
{
    disk only = {.slot = 3, .size = 512};
    ls_directory directory = {.path = {4, (char *)(uintptr_t) "/etc"}};
    const struct question_ls_asked list = {
        .args = {.directories = {1, &directory}, .order = LS_TREE}};
    const struct question question = {&question_ls, &list};
    const struct question_disks disks = {&only, 1, {0}, false, false, false, ALL_REPLAYS};
    assert_int_equal(question_ask(&question, &disks, wire->host, NULL), 0);
    return agent_wire_hear(wire);
}

/* Asks, and has it answered in so many parts and a last one. */
static void exchange(struct agent_wire *wire, struct fake_listing listing)
{
    request asked = ask(wire);
    fake_answer_ls(wire->agent, &asked, &listing, 0, 1);
    xdr_free((xdrproc_t)xdr_request, &asked);
}

static void expect(struct agent_wire *wire, bool last)
{
    answer reply = {0};
    assert_int_equal(agent_client_wait(wire->host, clock_now() + CLOCK_SECOND, &reply, NULL), 0);
    assert_int_equal(reply.body.op, OP_LS);
    assert_int_equal(reply.body.answer_body_u.ls.last, last);
    assert_int_equal(reply.body.answer_body_u.ls.items.items_len > 0, !last);
    agent_client_answer_clear(&reply);
}

static void assert_distrust(struct agent_wire *wire)
{
    AUTO_ERROR error *err = NULL;
    answer reply = {0};
    assert_int_equal(agent_client_wait(wire->host, clock_now() + CLOCK_SECOND, &reply, &err), -1);
    assert_non_null(strstr(error_message(err), "cannot be trusted"));
}

static void the_question_arrives(void **state)
{
    request asked = ask(*state);
    const ls_args *args = &asked.body.request_body_u.ls;
    assert_int_equal(asked.body.op, OP_LS);
    assert_int_equal(args->disks.disks_len, 1);
    assert_int_equal(args->disks.disks_val[0].slot, 3);
    assert_memory_equal(args->directories.directories_val[0].path.path_val, "/etc", 4);
    assert_int_equal(args->order, LS_TREE);
    xdr_free((xdrproc_t)xdr_request, &asked);
}

static void a_question_is_open_until_its_last_answer(void **state)
{
    struct agent_wire *wire = *state;
    exchange(wire, (struct fake_listing){.parts = 3, .entries = 2});
    for (unsigned i = 0; i < 3; i++) {
        expect(wire, false);
        assert_int_equal(agent_client_pending(wire->host), 1);
    }
    expect(wire, true);
    assert_int_equal(agent_client_pending(wire->host), 0);
}

static void questions_behind_it_are_answered_then(void **state)
{
    struct agent_wire *wire = *state;
    request first = ask(wire), second = ask(wire);
    struct fake_listing listing = {.parts = 1, .entries = 1};
    fake_answer_ls(wire->agent, &first, &listing, 0, 1);
    fake_answer_ls(wire->agent, &second, &listing, 0, 1);
    for (unsigned i = 0; i < 2; i++) {
        expect(wire, false);
        expect(wire, true);
    }
    assert_int_equal(agent_client_pending(wire->host), 0);
    xdr_free((xdrproc_t)xdr_request, &first);
    xdr_free((xdrproc_t)xdr_request, &second);
}

static void an_answer_to_another_question_in_between_is_distrusted(void **state)
{
    struct agent_wire *wire = *state;
    request first = ask(wire), second = ask(wire);
    struct fake_listing listing = {.parts = 1, .entries = 1};
    fake_answer_ls(wire->agent, &second, &listing, 0, 1);
    assert_distrust(wire);
    xdr_free((xdrproc_t)xdr_request, &first);
    xdr_free((xdrproc_t)xdr_request, &second);
}

static void another_serial_or_operation_is_distrusted(void **state)
{
    exchange(*state, (struct fake_listing){.how = FAKE_LS_LIE_SERIAL, .parts = 1});
    assert_distrust(*state);
    agent_wire_tear_down(state);
    agent_wire_set_up(state);
    exchange(*state, (struct fake_listing){.how = FAKE_LS_LIE_OP, .parts = 1});
    assert_distrust(*state);
}

static void a_status_that_does_not_exist_is_distrusted(void **state)
{
    exchange(*state, (struct fake_listing){.how = FAKE_LS_LIE_STATUS});
    assert_distrust(*state);
}

static void a_part_behind_the_last_one_is_distrusted(void **state)
{
    struct agent_wire *wire = *state;
    exchange(wire, (struct fake_listing){.how = FAKE_LS_LIE_MORE});
    expect(wire, true);
    assert_distrust(wire);
}

int main(void)
{
#define WIRE(test) cmocka_unit_test_setup_teardown(test, agent_wire_set_up, agent_wire_tear_down)
    const struct CMUnitTest tests[] = {
        WIRE(the_question_arrives),
        WIRE(a_question_is_open_until_its_last_answer),
        WIRE(questions_behind_it_are_answered_then),
        WIRE(an_answer_to_another_question_in_between_is_distrusted),
        WIRE(another_serial_or_operation_is_distrusted),
        WIRE(a_status_that_does_not_exist_is_distrusted),
        WIRE(a_part_behind_the_last_one_is_distrusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
