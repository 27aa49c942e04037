/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the agent's wire, over a socketpair whose other end tells lies. */
#include "appliance/agent-client.h"

#include "base/clock.h"
#include "lib/agent-wire.h"
#include "lib/fake-agent.h"
#include "scan/question-df.h"
#include "wire/frame.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const struct question scan = {&question_df, NULL};

static void ask_scan(struct agent_wire *wire)
{
    disk disks[2] = {{.slot = 0, .size = 512}, {.slot = 1, .size = 512}};
    const struct question_disks args = {disks, 2, {0}, false, false, false, ALL_REPLAYS};
    assert_int_equal(question_ask(&scan, &args, wire->host, NULL), 0);
}

/* Asks about two disks, and has it answered in that way. */
static void exchange(struct agent_wire *wire, enum fake_scan how)
{
    ask_scan(wire);
    request asked = agent_wire_hear(wire);
    fake_answer_scan(wire->agent, &asked, how, 1);
    xdr_free((xdrproc_t)xdr_request, &asked);
}

static uint64_t soon(void)
{
    return clock_now() + CLOCK_SECOND;
}

static void assert_distrust(struct agent_wire *wire)
{
    AUTO_ERROR error *err = NULL;
    answer reply = {0};
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, &err), -1);
    assert_non_null(strstr(error_message(err), "cannot be trusted"));
    assert_null(reply.body.answer_body_u.scan.volumes.volumes_val); /* nobody sees it */
}

static void an_honest_answer_comes_through(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    exchange(wire, FAKE_OK);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    assert_int_equal(reply.body.answer_body_u.scan.volumes.volumes_len, 2);
    assert_int_equal(agent_client_pending(wire->host), 0);
    agent_client_answer_clear(&reply);
}

static void labels_come_through_as_bytes(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    exchange(wire, FAKE_ESCAPES);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    const volume *v = &reply.body.answer_body_u.scan.volumes.volumes_val[0];
    assert_memory_equal(v->label.label_val, "\033]0;owned\007", 10);
    agent_client_answer_clear(&reply);
}

static void an_enormous_answer_comes_through(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    pid_t agent;
    ask_scan(wire);
    agent = fork();
    if (agent == 0) {
        request asked = agent_wire_hear(wire);
        fake_answer_scan(wire->agent, &asked, FAKE_ENORMOUS, 1);
        _exit(0);
    }
    assert_int_equal(agent_client_wait(wire->host, soon() + 5 * CLOCK_SECOND, &reply, NULL), 0);
    assert_int_equal(reply.body.answer_body_u.scan.volumes.volumes_len, MAX_VOLUMES);
    agent_client_answer_clear(&reply);
}

static void every_lie_is_distrusted(void **state)
{
    for (int how = FAKE_FIRST_LIE; how < FAKE_LIE_TWICE; how++) {
        print_message("lie %d\n", how);
        exchange(*state, (enum fake_scan)how);
        assert_distrust(*state);
        agent_wire_tear_down(state);
        agent_wire_set_up(state);
    }
}

static void a_second_answer_to_one_question_is_distrusted(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    exchange(wire, FAKE_LIE_TWICE);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    agent_client_answer_clear(&reply);
    assert_distrust(wire);
}

static void a_second_answer_is_not_taken_for_that_to_the_next_question(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    ask_scan(wire);
    exchange(wire, FAKE_LIE_TWICE); /* to the first of the two */
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    agent_client_answer_clear(&reply);
    assert_distrust(wire);
}

static void an_answer_in_advance_is_distrusted(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    exchange(wire, FAKE_LIE_UNSOLICITED);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    agent_client_answer_clear(&reply);
    assert_distrust(wire);
}

static void an_answer_to_no_question_is_distrusted(void **state)
{
    struct agent_wire *wire = *state;
    request asked = {.serial = 1, .body = {.op = OP_HELLO}};
    fake_answer_other(wire->agent, &asked, "");
    assert_distrust(wire);
}

static void answers_out_of_order_are_distrusted(void **state)
{
    struct agent_wire *wire = *state;
    ask_scan(wire);
    ask_scan(wire);
    request first = agent_wire_hear(wire), second = agent_wire_hear(wire);
    fake_answer_scan(wire->agent, &second, FAKE_OK, 1);
    xdr_free((xdrproc_t)xdr_request, &first);
    xdr_free((xdrproc_t)xdr_request, &second);
    assert_distrust(wire);
}

static void questions_of_kept_appliances_arrive(void **state)
{
    struct agent_wire *wire = *state;
    name_args name = {.disk = {.slot = 3, .size = 512}, .label = {2, (char *)"ab"}};
    release_args release = {.slot = 254, .force = 1};
    assert_int_equal(agent_client_keep(wire->host, 600, NULL), 0);
    assert_int_equal(agent_client_name(wire->host, &name, NULL), 0);
    assert_int_equal(agent_client_release(wire->host, &release, NULL), 0);
    assert_int_equal(agent_client_list(wire->host, NULL), 0);
    request asked[4];
    for (size_t i = 0; i < 4; i++)
        asked[i] = agent_wire_hear(wire);
    assert_int_equal(asked[0].body.op, OP_KEEP);
    assert_int_equal(asked[0].body.request_body_u.keep.idle, 600);
    assert_int_equal(asked[1].body.op, OP_NAME);
    assert_int_equal(asked[1].body.request_body_u.name.disk.slot, 3);
    assert_memory_equal(asked[1].body.request_body_u.name.label.label_val, "ab", 2);
    assert_int_equal(asked[2].body.op, OP_RELEASE);
    assert_int_equal(asked[2].body.request_body_u.release.slot, 254);
    assert_true(asked[2].body.request_body_u.release.force);
    assert_int_equal(asked[3].body.op, OP_LIST);
    for (size_t i = 0; i < 4; i++)
        xdr_free((xdrproc_t)xdr_request, &asked[i]);
}

static void a_refusal_comes_through_with_its_reason(void **state)
{
    struct agent_wire *wire = *state;
    release_args release = {.slot = 0};
    answer reply = {0};
    assert_int_equal(agent_client_release(wire->host, &release, NULL), 0);
    request asked = agent_wire_hear(wire);
    fake_answer_other(wire->agent, &asked, "mounted");
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    const done_ret *done = &reply.body.answer_body_u.release;
    assert_int_equal(done->message.message_len, 7);
    assert_memory_equal(done->message.message_val, "mounted", 7);
    agent_client_answer_clear(&reply);
}

/* Asks for the list, and has it answered so. */
static void list(struct agent_wire *wire, struct listed *disks, u_int count)
{
    assert_int_equal(agent_client_list(wire->host, NULL), 0);
    request asked = agent_wire_hear(wire);
    fake_answer_list(wire->agent, &asked, disks, count);
}

static struct listed entry(unsigned slot, int named, const char *label)
{
    return (struct listed){.disk = {.slot = slot, .size = 512},
                           .named = named,
                           .label = {(u_int)strlen(label), (char *)(uintptr_t)label}};
}

static void an_honest_list_comes_through(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    struct listed disks[] = {entry(0, 1, "Data"), entry(7, 0, ""), entry(254, 1, "")};
    list(wire, disks, 3);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    const list_ret *result = &reply.body.answer_body_u.list;
    assert_int_equal(result->disks.disks_len, 3);
    assert_memory_equal(result->disks.disks_val[0].label.label_val, "Data", 4);
    agent_client_answer_clear(&reply);
    list(wire, NULL, 0);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    agent_client_answer_clear(&reply);
}

static void lists_that_cannot_be_are_distrusted(void **state)
{
    struct listed wrong[][2] = {
        {entry(1, 1, ""), entry(0, 1, "")},          /* descending */
        {entry(1, 1, ""), entry(1, 1, "")},          /* twice */
        {entry(0, 1, ""), entry(SLOT_COUNT, 1, "")}, /* no slot */
        {entry(0, 1, ""), entry(UINT32_MAX, 1, "")},
        {entry(0, 1, "a"), entry(1, 1, "b1")}, /* not letters */
        {entry(0, 1, "a"), entry(1, 1, "\033")},
        {entry(0, 1, "a"), entry(1, 1, "../x")},
        {entry(0, 1, "a"), entry(1, 0, "b")}, /* a label, and no name */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        print_message("list %zu\n", i);
        list(*state, wrong[i], 2);
        assert_distrust(*state);
        agent_wire_tear_down(state);
        agent_wire_set_up(state);
    }
}

static void another_version_of_the_protocol_is_named(void **state)
{
    struct agent_wire *wire = *state;
    AUTO_ERROR error *err = NULL;
    answer reply = {.body = {.op = OP_HELLO}};
    AUTO_SECRET void *frame = NULL;
    size_t length;
    assert_int_equal(agent_client_hello(wire->host, NULL), 0);
    request asked = agent_wire_hear(wire);
    assert_int_equal(asked.body.request_body_u.protocol_version, PROTOCOL_VERSION);
    reply.serial = asked.serial;
    reply.body.answer_body_u.hello.protocol_version = PROTOCOL_VERSION + 1;
    assert_int_equal(frame_encode((xdrproc_t)xdr_answer, &reply, &frame, &length), 0);
    assert_int_equal(write(wire->agent, frame, length), (ssize_t)length);
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, &err), -1);
    assert_non_null(strstr(error_message(err), "protocol version"));
}

static void a_host_calls_before_it_says_hello(void **state)
{
    struct agent_wire *wire = *state;
    assert_int_equal(agent_client_hello(wire->host, NULL), 0);
    int got = frame_reader_fill(wire->reader, wire->agent);
    assert_true(got > 0);
    assert_true(frame_reader_called(wire->reader, (size_t)got));
}

/* A host was killed, and another one came so soon that the agent answered that one. */
static void what_was_meant_for_another_host_is_passed_over(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    assert_int_equal(agent_client_hello(wire->host, NULL), 0);
    request asked = agent_wire_hear(wire),
            other = {.serial = asked.serial + 1, .body = {.op = OP_PREPARE}};
    fake_answer_other(wire->agent, &other, "late");
    fake_answer_other(wire->agent, &asked, "");
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, NULL), 0);
    assert_int_equal(reply.body.op, OP_HELLO);
    assert_int_equal(reply.serial, asked.serial);
    agent_client_answer_clear(&reply);
}

static void an_agent_that_closes_has_ended(void **state)
{
    struct agent_wire *wire = *state;
    AUTO_ERROR error *err = NULL;
    answer reply = {0};
    ask_scan(wire);
    close(steal_fd(&wire->agent));
    assert_int_equal(agent_client_wait(wire->host, soon(), &reply, &err), -1);
    assert_int_equal(error_kind(err), ERROR_APPLIANCE);
}

static void asking_one_that_has_gone_is_an_error(void **state)
{
    struct agent_wire *wire = *state;
    AUTO_ERROR error *err = NULL;
    close(steal_fd(&wire->agent));
    assert_int_equal(agent_client_hello(wire->host, &err), -1);
    assert_int_equal(error_errno(err), EPIPE);
}

static void assert_times_out(struct agent_wire *wire, uint64_t deadline)
{
    AUTO_ERROR error *err = NULL;
    answer reply = {0};
    assert_int_equal(agent_client_wait(wire->host, deadline, &reply, &err), -1);
    assert_int_equal(error_kind(err), ERROR_TIMEOUT);
    assert_true(clock_now() >= deadline);
    assert_true(clock_now() < deadline + 10 * CLOCK_SECOND);
}

static void silence_ends_at_the_deadline(void **state)
{
    struct agent_wire *wire = *state;
    exchange(wire, FAKE_HANG);
    assert_times_out(wire, clock_now() + CLOCK_SECOND / 10);
}

static void a_deadline_that_has_passed_is_not_waited_for(void **state)
{
    struct agent_wire *wire = *state;
    uint64_t since = clock_now();
    exchange(wire, FAKE_HANG);
    assert_times_out(wire, since);
}

/* A byte now and then does not move the deadline. */
static void a_dripping_answer_ends_at_the_deadline(void **state)
{
    struct agent_wire *wire = *state;
    uint64_t deadline = clock_now() + CLOCK_SECOND / 5;
    ask_scan(wire);
    pid_t agent = fork();
    if (agent == 0) {
        for (int i = 0; i < 3000 && write(wire->agent, i == 2 ? "\1" : "\0", 1) == 1; i++)
            usleep(20000);
        _exit(0);
    }
    assert_times_out(wire, deadline);
    kill(agent, SIGKILL);
}

/* Answers to the host before us are passed over, and do not move the deadline either. */
static void one_that_talks_without_end_ends_at_the_deadline(void **state)
{
    struct agent_wire *wire = *state;
    assert_int_equal(agent_client_hello(wire->host, NULL), 0);
    request asked = agent_wire_hear(wire),
            other = {.serial = asked.serial + 1, .body = {.op = OP_PREPARE}};
    pid_t agent = fork();
    if (agent == 0)
        for (;;)
            fake_answer_other(wire->agent, &other, "late");
    assert_times_out(wire, clock_now() + CLOCK_SECOND / 5);
    kill(agent, SIGKILL);
}

/* What comes late would be taken for the answer to it. */
static void nothing_is_asked_after_a_question_without_an_answer(void **state)
{
    struct agent_wire *wire = *state;
    AUTO_ERROR error *err = NULL;
    release_args release = {.slot = 0};
    exchange(wire, FAKE_HANG);
    assert_times_out(wire, clock_now());
    assert_int_equal(agent_client_release(wire->host, &release, &err), -1);
    assert_int_equal(error_kind(err), ERROR_TIMEOUT);
}

static void an_answer_that_is_there_is_given_even_after_the_deadline(void **state)
{
    struct agent_wire *wire = *state;
    answer reply = {0};
    exchange(wire, FAKE_OK);
    assert_int_equal(agent_client_fill(wire->host, NULL), 0);
    assert_int_equal(agent_client_wait(wire->host, 0, &reply, NULL), 0);
    agent_client_answer_clear(&reply);
}

static void one_that_does_not_listen_fills_the_queue(void **state)
{
    struct agent_wire *wire = *state;
    AUTO_ERROR error *err = NULL;
    static disk disks[SLOT_COUNT];
    const struct question_disks args = {disks, SLOT_COUNT, {0}, false, false, false, ALL_REPLAYS};
    char serial[MAX_SERIAL] = "";
    unsigned asked = 0;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        disks[i] = (disk){.serial = {sizeof serial, serial}};
    while (asked < 1000 && question_ask(&scan, &args, wire->host, &err) == 0)
        asked++;
    assert_true(asked >= 12);
    assert_true(asked < 1000);
    assert_true(agent_client_wants_write(wire->host));
    assert_non_null(err);
}

static void there_are_256_questions_at_once(void **state)
{
    struct agent_wire *wire = *state;
    AUTO_ERROR error *err = NULL;
    for (int i = 0; i < 256; i++)
        assert_int_equal(agent_client_hello(wire->host, NULL), 0);
    assert_int_equal(agent_client_pending(wire->host), 256);
    assert_int_equal(agent_client_hello(wire->host, &err), -1);
}

int main(void)
{
#define WIRE(test) cmocka_unit_test_setup_teardown(test, agent_wire_set_up, agent_wire_tear_down)
    const struct CMUnitTest tests[] = {
        WIRE(an_honest_answer_comes_through),
        WIRE(labels_come_through_as_bytes),
        WIRE(an_enormous_answer_comes_through),
        WIRE(every_lie_is_distrusted),
        WIRE(a_second_answer_to_one_question_is_distrusted),
        WIRE(a_second_answer_is_not_taken_for_that_to_the_next_question),
        WIRE(an_answer_in_advance_is_distrusted),
        WIRE(an_answer_to_no_question_is_distrusted),
        WIRE(answers_out_of_order_are_distrusted),
        WIRE(questions_of_kept_appliances_arrive),
        WIRE(a_refusal_comes_through_with_its_reason),
        WIRE(an_honest_list_comes_through),
        WIRE(lists_that_cannot_be_are_distrusted),
        WIRE(another_version_of_the_protocol_is_named),
        WIRE(a_host_calls_before_it_says_hello),
        WIRE(what_was_meant_for_another_host_is_passed_over),
        WIRE(an_agent_that_closes_has_ended),
        WIRE(asking_one_that_has_gone_is_an_error),
        WIRE(silence_ends_at_the_deadline),
        WIRE(a_deadline_that_has_passed_is_not_waited_for),
        WIRE(a_dripping_answer_ends_at_the_deadline),
        WIRE(one_that_talks_without_end_ends_at_the_deadline),
        WIRE(nothing_is_asked_after_a_question_without_an_answer),
        WIRE(an_answer_that_is_there_is_given_even_after_the_deadline),
        WIRE(one_that_does_not_listen_fills_the_queue),
        WIRE(there_are_256_questions_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
