/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the above */

#include "agent-talk.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

void talk_call(const struct talk *talk)
{
    assert_int_equal(write(talk->fd, FRAME_CALL, FRAME_CALL_LENGTH), (ssize_t)FRAME_CALL_LENGTH);
}

int talk_set_up(void **state)
{
    struct talk *talk = calloc(1, sizeof *talk);
    void *agent;
    assert_int_equal(agent_set_up(&agent), 0);
    talk->agent = agent;
    talk->fd = talk->agent->sessions[0];
    talk->reader = frame_reader_new();
    talk_call(talk);
    *state = talk;
    return 0;
}

int talk_tear_down(void **state)
{
    struct talk *talk = *state;
    void *agent = talk->agent;
    int result = agent_tear_down(&agent);
    frame_reader_free(talk->reader);
    free(talk->output);
    free(talk->errors);
    free(talk);
    return result;
}

void talk_tell(const struct talk *talk, const session_ask *asked)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    assert_int_equal(frame_encode((xdrproc_t)xdr_session_ask, asked, &frame, &length), 0);
    for (size_t done = 0; done < length;) {
        ssize_t count = write(talk->fd, (char *)frame + done, length - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
}

static void append(char **text, size_t *length, const char *more, size_t count)
{
    char *larger = realloc(*text, *length + count + 1);
    assert_non_null(larger);
    memcpy(larger + *length, more, count);
    *text = larger;
    *length += count;
    larger[*length] = '\0';
}

static void note(struct talk *talk, session_tell *told)
{
    assert_false(talk->over);
    switch (told->kind) {
    case SESSION_OUTPUT:
        append(&talk->output, &talk->output_length, told->session_tell_u.output.output_val,
               told->session_tell_u.output.output_len);
        break;
    case SESSION_ERRORS:
        append(&talk->errors, &talk->errors_length, told->session_tell_u.errors.errors_val,
               told->session_tell_u.errors.errors_len);
        break;
    case SESSION_MORE:
        talk->allowed += told->session_tell_u.more;
        assert_true(talk->allowed <= SESSION_WINDOW);
        break;
    case SESSION_FAILED:
        memcpy(talk->failed, told->session_tell_u.failed.failed_val,
               told->session_tell_u.failed.failed_len);
        talk->over = true;
        break;
    default:
        talk->over = true;
    }
    talk->last = *told;
    talk->last.session_tell_u.failed.failed_val = NULL;
}

void talk_hear(struct talk *talk)
{
    const void *body;
    size_t length;
    assert_true(frame_reader_fill(talk->reader, talk->fd) > 0);
    while (frame_reader_next(talk->reader, &body, &length) > 0) {
        session_tell told = {.kind = 0};
        assert_int_equal(
            frame_decode((xdrproc_t)xdr_session_tell, &told, sizeof told, body, length), 0);
        session_tell copy = told;
        note(talk, &copy);
        if (told.kind != SESSION_EXIT && told.kind != SESSION_MORE)
            xdr_free((xdrproc_t)xdr_session_tell, &told);
    }
}

void talk_hear_all(struct talk *talk)
{
    while (!talk->over)
        talk_hear(talk);
}

void talk_hear_until(struct talk *talk, const char *what)
{
    while (!talk->output || !strstr(talk->output, what))
        talk_hear(talk);
}

#define ARGUMENTS_MAX 16

void talk_start_with(struct talk *talk, const char *const *words, const char *const *environment,
                     bool terminal)
{
    argument arguments[ARGUMENTS_MAX], pairs[ARGUMENTS_MAX];
    session_ask asked = {.kind = SESSION_START};
    session_start *how = &asked.session_ask_u.start;
    how->protocol = SESSION_VERSION;
    how->terminal = terminal;
    how->window.rows = 24;
    how->window.columns = 100;
    how->arguments.arguments_val = arguments;
    how->environment.environment_val = pairs;
    for (u_int i = 0; words[i]; i++, how->arguments.arguments_len++) {
        arguments[i].text.text_val = (char *)(uintptr_t)words[i];
        arguments[i].text.text_len = (u_int)strlen(words[i]);
    }
    for (u_int i = 0; environment && environment[i]; i++, how->environment.environment_len++) {
        pairs[i].text.text_val = (char *)(uintptr_t)environment[i];
        pairs[i].text.text_len = (u_int)strlen(environment[i]);
    }
    talk->allowed = SESSION_WINDOW;
    talk_tell(talk, &asked);
}

void talk_start(struct talk *talk, const char *const *words)
{
    talk_start_with(talk, words, NULL, false);
}

void talk_type(struct talk *talk, const char *bytes, size_t length)
{
    session_ask asked = {.kind = SESSION_INPUT};
    asked.session_ask_u.input.input_val = (char *)(uintptr_t)bytes;
    asked.session_ask_u.input.input_len = (u_int)length;
    talk->allowed -= length < talk->allowed ? length : talk->allowed;
    talk_tell(talk, &asked);
}

void talk_end_input(const struct talk *talk)
{
    talk_tell(talk, &(session_ask){.kind = SESSION_INPUT_END});
}

void talk_signal(const struct talk *talk, unsigned number)
{
    talk_tell(talk, &(session_ask){.kind = SESSION_SIGNAL, .session_ask_u.number = number});
}

void talk_expect_exit(struct talk *talk, unsigned code)
{
    talk_hear_all(talk);
    assert_string_equal(talk->failed, "");
    assert_int_equal(talk->last.kind, SESSION_EXIT);
    assert_false(talk->last.session_tell_u.exit.signalled);
    assert_int_equal(talk->last.session_tell_u.exit.code, code);
}

void talk_expect_killed(struct talk *talk, unsigned number)
{
    talk_hear_all(talk);
    assert_int_equal(talk->last.kind, SESSION_EXIT);
    assert_true(talk->last.session_tell_u.exit.signalled);
    assert_int_equal(talk->last.session_tell_u.exit.code, number);
}

void talk_expect_failure(struct talk *talk, const char *message)
{
    talk_hear_all(talk);
    assert_int_equal(talk->last.kind, SESSION_FAILED);
    assert_string_equal(talk->failed, message);
}

double talk_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool talk_has_gone(pid_t pid)
{
    double deadline = talk_now() + 10;
    while (kill(pid, 0) == 0 && talk_now() < deadline)
        poll(NULL, 0, 10);
    return kill(pid, 0) < 0;
}

bool talk_is_possible(void)
{
    signal(SIGPIPE, SIG_IGN);
    if (!getenv("AGENT"))
        fprintf(stderr, "AGENT: not set to the agent's program\n");
    return getenv("AGENT");
}
