/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands through the agent on the host (session.x). The programs are the host's. */
#include "agent-process.h"
#include "session.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h> /* needs the above */

/* What a command said in all. */
struct talk {
    struct agent_process *agent;
    int fd;
    frame_reader *reader;
    char *output;
    size_t output_length;
    char *errors;
    size_t errors_length;
    size_t allowed; /* input that may be sent */
    bool over;
    session_tell last; /* … when it is over */
    char failed[1025];
};

/* ---- the host's end ---- */

static void call(const struct talk *talk)
{
    assert_int_equal(write(talk->fd, FRAME_CALL, FRAME_CALL_LENGTH), (ssize_t)FRAME_CALL_LENGTH);
}

static int set_up(void **state)
{
    struct talk *talk = calloc(1, sizeof *talk);
    void *agent;
    assert_int_equal(agent_set_up(&agent), 0);
    talk->agent = agent;
    talk->fd = talk->agent->sessions[0];
    talk->reader = frame_reader_new();
    call(talk);
    *state = talk;
    return 0;
}

static int tear_down(void **state)
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

static void tell(const struct talk *talk, const session_ask *asked)
{
    AUTO_FREE void *frame = NULL;
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

/* Takes the messages of one read. */
static void hear(struct talk *talk)
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

static void hear_all(struct talk *talk)
{
    while (!talk->over)
        hear(talk);
}

static void hear_until(struct talk *talk, const char *what)
{
    while (!talk->output || !strstr(talk->output, what))
        hear(talk);
}

#define ARGUMENTS_MAX 16

static void start_with(struct talk *talk, const char *const *words, const char *const *environment,
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
    tell(talk, &asked);
}

static void start(struct talk *talk, const char *const *words)
{
    start_with(talk, words, NULL, false);
}
#define START(talk, ...) start(talk, (const char *const[]){__VA_ARGS__, NULL})
#define SHELL(talk, script) START(talk, "sh", "-c", script)

static void type(struct talk *talk, const char *bytes, size_t length)
{
    session_ask asked = {.kind = SESSION_INPUT};
    asked.session_ask_u.input.input_val = (char *)(uintptr_t)bytes;
    asked.session_ask_u.input.input_len = (u_int)length;
    talk->allowed -= length < talk->allowed ? length : talk->allowed;
    tell(talk, &asked);
}

static void end_input(const struct talk *talk)
{
    tell(talk, &(session_ask){.kind = SESSION_INPUT_END});
}

static void send_signal(const struct talk *talk, unsigned number)
{
    tell(talk, &(session_ask){.kind = SESSION_SIGNAL, .session_ask_u.number = number});
}

static void expect_exit(struct talk *talk, unsigned code)
{
    hear_all(talk);
    assert_string_equal(talk->failed, "");
    assert_int_equal(talk->last.kind, SESSION_EXIT);
    assert_false(talk->last.session_tell_u.exit.signalled);
    assert_int_equal(talk->last.session_tell_u.exit.code, code);
}

static void expect_killed(struct talk *talk, unsigned number)
{
    hear_all(talk);
    assert_int_equal(talk->last.kind, SESSION_EXIT);
    assert_true(talk->last.session_tell_u.exit.signalled);
    assert_int_equal(talk->last.session_tell_u.exit.code, number);
}

static void expect_failure(struct talk *talk, const char *message)
{
    hear_all(talk);
    assert_int_equal(talk->last.kind, SESSION_FAILED);
    assert_string_equal(talk->failed, message);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Waits, at most 10 s, until the process (not a child of ours) has gone. */
static bool has_gone(pid_t pid)
{
    double deadline = now() + 10;
    while (kill(pid, 0) == 0 && now() < deadline)
        poll(NULL, 0, 10);
    return kill(pid, 0) < 0;
}

/* ---- streams and statuses ---- */

static void output_and_errors_are_told_apart(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo out; echo err >&2");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "out\n");
    assert_string_equal(talk->errors, "err\n");
}

static void the_exit_status_comes_through(void **state)
{
    SHELL(*state, "exit 42");
    expect_exit(*state, 42);
}

static void the_signal_that_ended_it_comes_through(void **state)
{
    SHELL(*state, "kill -9 $$");
    expect_killed(*state, SIGKILL);
}

static void the_end_of_input_is_the_end_of_stdin(void **state)
{
    struct talk *talk = *state;
    START(talk, "cat");
    type(talk, "one\n", 4);
    type(talk, "two", 3);
    end_input(talk);
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "one\ntwo");
}

/* More than any pipe or socket holds. */
static void ten_megabytes_through_cat(void **state)
{
    enum { TOTAL = 10 << 20 };
    struct talk *talk = *state;
    AUTO_FREE char *data = malloc(TOTAL);
    size_t sent = 0;
    assert_non_null(data);
    for (size_t i = 0; i < TOTAL; i++)
        data[i] = (char)((i * 2654435761u) >> 13);
    START(talk, "cat");
    while (sent < TOTAL) {
        size_t count = talk->allowed < TOTAL - sent ? talk->allowed : TOTAL - sent;
        if (count > 0) {
            type(talk, data + sent, count);
            sent += count;
        } else {
            hear(talk);
        }
    }
    end_input(talk);
    expect_exit(talk, 0);
    assert_int_equal(talk->output_length, TOTAL);
    assert_memory_equal(talk->output, data, TOTAL);
}

/* The host reads nothing until the program must have filled everything there is to fill. */
static void a_slow_host_stops_the_program_and_loses_nothing(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2");
    poll(NULL, 0, 500);
    expect_exit(talk, 0);
    assert_int_equal(talk->output_length, 3000000);
    assert_int_equal(talk->errors_length, 3000004);
    assert_memory_equal(talk->errors + 3000000, "end\n", 4);
}

static void input_that_nobody_reads_does_no_harm(void **state)
{
    struct talk *talk = *state;
    AUTO_FREE char *data = calloc(1, SESSION_WINDOW);
    SHELL(talk, "exec <&-; sleep 0.3; echo done");
    type(talk, data, SESSION_WINDOW);
    end_input(talk);
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "done\n");
}

static void output_of_a_child_that_stays_is_waited_for_a_while(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "(sleep 0.4; echo late) & echo early");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "early\nlate\n");
}

static void a_daemon_with_the_pipes_does_not_hold_the_end(void **state)
{
    struct talk *talk = *state;
    double began = now();
    SHELL(talk, "sleep 30 & echo $!");
    expect_exit(talk, 0);
    assert_true(now() - began < 5);
    assert_int_equal(kill((pid_t)atoi(talk->output), SIGKILL), 0);
}

/* ---- what it is started with ---- */

/* Newlines, invalid UTF-8, nothing at all, and what a shell would take apart. */
static void arguments_are_bytes(void **state)
{
    struct talk *talk = *state;
    START(talk, "printf", "<%s>", "a\nb", "\xff\xfe", "", "$(x) 'y'");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "<a\nb><\xff\xfe><><$(x) 'y'>");
}

static void the_environment_has_no_more_than_it_should(void **state)
{
    struct talk *talk = *state;
    START(talk, "env");
    expect_exit(talk, 0);
    assert_null(strstr(talk->output, "TERM="));
    assert_null(strstr(talk->output, "AGENT="));
    assert_non_null(strstr(talk->output, "HOME=/"));
    assert_non_null(strstr(talk->output,
                           "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
}

static void the_environment_has_what_is_given(void **state)
{
    struct talk *talk = *state;
    start_with(talk, (const char *const[]){"env", NULL},
               (const char *const[]){"HOME=/elsewhere", "TERM=vt100", "A=b=c\xff", NULL}, false);
    expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "HOME=/elsewhere\n"));
    assert_null(strstr(talk->output, "HOME=/root"));
    assert_non_null(strstr(talk->output, "TERM=vt100\n"));
    assert_non_null(strstr(talk->output, "A=b=c\xff\n"));
}

static void it_is_in_the_root_directory(void **state)
{
    struct talk *talk = *state;
    START(talk, "pwd");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "/\n");
}

static void it_has_no_descriptors_of_the_agent(void **state)
{
    struct talk *talk = *state;
    /* 3 is that of ls itself. */
    START(talk, "ls", "/proc/self/fd");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "0\n1\n2\n3\n");
}

static void signals_are_as_they_are_by_default(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "grep -E '^Sig(Blk|Ign)' /proc/self/status");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

/* ---- what cannot be started ---- */

static void a_program_that_is_not_there(void **state)
{
    START(*state, "no-such-program");
    expect_failure(*state, "no-such-program: No such file or directory");
}

static void a_program_that_may_not_be_executed(void **state)
{
    START(*state, "/dev/null");
    expect_failure(*state, "/dev/null: Permission denied");
}

static void an_argument_that_is_too_long(void **state)
{
    struct talk *talk = *state;
    AUTO_FREE char *text = malloc(MAX_ARGUMENT + 1);
    memset(text, 'x', MAX_ARGUMENT);
    text[MAX_ARGUMENT] = '\0';
    START(talk, "echo", text);
    expect_failure(talk, "echo: Argument list too long");
}

static void no_program_at_all(void **state)
{
    start(*state, (const char *const[]){NULL});
    expect_failure(*state, "no program is named");
}

static void an_environment_without_a_name(void **state)
{
    start_with(*state, (const char *const[]){"env", NULL}, (const char *const[]){"=x", NULL},
               false);
    expect_failure(*state, "the environment has something other than NAME=VALUE in it");
}

static void an_argument_with_a_nul(void **state)
{
    argument arguments[2] = {{.text = {4, (char[]){"echo"}}}, {.text = {3, (char[]){"a\0b"}}}};
    session_ask asked = {.kind = SESSION_START};
    asked.session_ask_u.start.protocol = SESSION_VERSION;
    asked.session_ask_u.start.arguments.arguments_val = arguments;
    asked.session_ask_u.start.arguments.arguments_len = 2;
    tell(*state, &asked);
    expect_failure(*state, "an argument has a NUL byte in it");
}

static void another_version(void **state)
{
    session_ask asked = {.kind = SESSION_START};
    asked.session_ask_u.start.protocol = SESSION_VERSION + 1;
    tell(*state, &asked);
    expect_failure(*state, "the appliance speaks version 1 of the session protocol, not 2");
}

/* What this end cannot encode is written by hand. */
static void say_words(const struct talk *talk, const uint32_t *words, size_t count)
{
    uint32_t frame[16] = {htonl((uint32_t)(count * 4))};
    for (size_t i = 0; i < count; i++)
        frame[i + 1] = htonl(words[i]);
    assert_int_equal(write(talk->fd, frame, (count + 1) * 4), (ssize_t)((count + 1) * 4));
}

static void more_arguments_than_there_may_be(void **state)
{
    say_words(*state, (uint32_t[]){SESSION_START, SESSION_VERSION, MAX_ARGUMENTS + 1}, 3);
    expect_failure(*state, "what the host said cannot be understood");
}

static void a_message_of_another_kind(void **state)
{
    say_words(*state, (uint32_t[]){99}, 1);
    expect_failure(*state, "what the host said cannot be understood");
}

static void an_oversized_frame(void **state)
{
    const struct talk *talk = *state;
    assert_int_equal(write(talk->fd, "\x00\x10\x00\x01", 4), 4);
    expect_failure(*state, "what the host said cannot be understood");
}

static void input_before_the_start(void **state)
{
    type(*state, "x", 1);
    expect_failure(*state, "the host did not begin with SESSION_START");
}

/* The agent, and the other ports, go on. */
static void a_failure_is_not_the_agents_end(void **state)
{
    struct talk *talk = *state;
    say_words(talk, (uint32_t[]){99}, 1);
    hear_all(talk);
    agent_ask_hello(talk->agent, PROTOCOL_VERSION);
    answer reply = agent_expect(talk->agent, 1, OP_HELLO);
    agent_free_answer(&reply);
}

/* ---- while it runs ---- */

static void a_signal_reaches_it_and_its_children(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "sleep 100 & echo $!; wait");
    hear_until(talk, "\n");
    send_signal(talk, SIGTERM);
    expect_killed(talk, SIGTERM);
    assert_true(has_gone((pid_t)atoi(talk->output)));
}

static void there_is_no_signal_65(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo $$; exec sleep 100");
    hear_until(talk, "\n");
    send_signal(talk, 65);
    expect_failure(talk, "there is no signal 65");
    assert_true(has_gone((pid_t)atoi(talk->output)));
}

static void more_input_than_was_asked_for_ends_it(void **state)
{
    struct talk *talk = *state;
    AUTO_FREE char *data = calloc(1, SESSION_WINDOW);
    SHELL(talk, "echo $$; exec sleep 100");
    hear_until(talk, "\n");
    /* A pipe takes 64 KiB; these the host is told of, and then no more. */
    type(talk, data, SESSION_WINDOW);
    type(talk, data, SESSION_WINDOW);
    type(talk, data, SESSION_WINDOW);
    expect_failure(talk, "the host sent more input than it was asked for");
    assert_true(has_gone((pid_t)atoi(talk->output)));
}

static void a_second_start_ends_the_first(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo $$; exec sleep 100");
    hear_until(talk, "\n");
    START(talk, "true");
    expect_failure(talk, "a command is running on this port");
    assert_true(has_gone((pid_t)atoi(talk->output)));
}

static void hang_up_while_it_runs(struct talk *talk, const char *script)
{
    SHELL(talk, script);
    hear_until(talk, "\n");
    close(steal_fd(&talk->agent->sessions[0]));
    assert_true(has_gone((pid_t)atoi(talk->output)));
}

static void the_end_of_the_host_ends_it(void **state)
{
    hang_up_while_it_runs(*state, "sleep 100 & echo $!; wait");
}

static void the_end_of_the_host_ends_what_ignores_it(void **state)
{
    double began = now();
    hang_up_while_it_runs(*state, "trap '' HUP TERM; echo $$; while :; do sleep 1; done");
    assert_true(now() - began > 1.9);
}

static void the_end_of_the_host_ends_what_is_stopped(void **state)
{
    hang_up_while_it_runs(*state, "echo $$; kill -STOP $$");
}

/* A new host has come to the port, and nothing told of the old one's end. */
static void a_new_call_ends_what_the_former_host_ran(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo $$; exec sleep 100");
    hear_until(talk, "\n");
    call(talk);
    assert_true(has_gone((pid_t)atoi(talk->output)));
    START(talk, "echo", "new");
    expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "new\n"));
}

static void one_command_after_the_other(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "exit 1");
    expect_exit(talk, 1);
    type(talk, "late", 4); /* that it is over was on its way */
    poll(NULL, 0, 100);
    call(talk);
    talk->over = false;
    SHELL(talk, "exit 2");
    expect_exit(talk, 2);
}

static void another_one_after_a_failure(void **state)
{
    struct talk *talk = *state;
    say_words(talk, (uint32_t[]){99}, 1);
    hear_all(talk);
    call(talk);
    talk->over = false;
    talk->failed[0] = '\0';
    START(talk, "true");
    expect_exit(talk, 0);
}

static void two_ports_at_once(void **state)
{
    struct talk *talk = *state;
    struct talk other = {.fd = talk->agent->sessions[1], .reader = frame_reader_new()};
    call(&other);
    START(talk, "cat");
    START(&other, "echo", "other");
    expect_exit(&other, 0);
    assert_string_equal(other.output, "other\n");
    type(talk, "mine", 4);
    end_input(talk);
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "mine");
    frame_reader_free(other.reader);
    free(other.output);
}

/* ---- terminals ---- */

static void start_terminal(struct talk *talk, const char *script)
{
    start_with(talk, (const char *const[]){"sh", "-c", script, NULL},
               (const char *const[]){"TERM=dumb", NULL}, true);
}

static void a_terminal_is_one(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "test -t 0 -a -t 1 -a -t 2 && echo err >&2 && stty size < /dev/tty");
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "err\r\n24 100\r\n");
    assert_int_equal(talk->errors_length, 0);
}

static void a_terminal_is_resized(void **state)
{
    struct talk *talk = *state;
    session_ask asked = {.kind = SESSION_RESIZE,
                         .session_ask_u.resize = {.rows = 50, .columns = 132}};
    start_terminal(talk, "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done");
    hear_until(talk, "ready");
    tell(talk, &asked);
    expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "50 132"));
}

static void what_is_typed_is_echoed_and_read(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "read line; echo \"<$line>\"");
    type(talk, "word\n", 5);
    expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "word\r\n<word>\r\n"));
}

static void interrupt_is_typed(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "echo ready; exec sleep 100");
    hear_until(talk, "ready");
    type(talk, "\x03", 1);
    expect_killed(talk, SIGINT);
}

static void the_end_of_input_ends_a_terminals(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "stty -echo; echo ready; cat");
    hear_until(talk, "ready\r\n");
    type(talk, "half a line", 11);
    end_input(talk);
    expect_exit(talk, 0);
    assert_string_equal(talk->output, "ready\r\nhalf a line");
}

/* They are process groups of their own. */
static void the_end_of_the_host_ends_a_terminals_jobs(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "set -m; sleep 100 & echo $!; fg");
    hear_until(talk, "\n");
    close(steal_fd(&talk->agent->sessions[0]));
    assert_true(has_gone((pid_t)atoi(talk->output)));
}

int main(void)
{
#define TALK(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TALK(output_and_errors_are_told_apart),
        TALK(the_exit_status_comes_through),
        TALK(the_signal_that_ended_it_comes_through),
        TALK(the_end_of_input_is_the_end_of_stdin),
        TALK(ten_megabytes_through_cat),
        TALK(a_slow_host_stops_the_program_and_loses_nothing),
        TALK(input_that_nobody_reads_does_no_harm),
        TALK(output_of_a_child_that_stays_is_waited_for_a_while),
        TALK(a_daemon_with_the_pipes_does_not_hold_the_end),
        TALK(arguments_are_bytes),
        TALK(the_environment_has_no_more_than_it_should),
        TALK(the_environment_has_what_is_given),
        TALK(it_is_in_the_root_directory),
        TALK(it_has_no_descriptors_of_the_agent),
        TALK(signals_are_as_they_are_by_default),
        TALK(a_program_that_is_not_there),
        TALK(a_program_that_may_not_be_executed),
        TALK(an_argument_that_is_too_long),
        TALK(no_program_at_all),
        TALK(an_environment_without_a_name),
        TALK(an_argument_with_a_nul),
        TALK(another_version),
        TALK(more_arguments_than_there_may_be),
        TALK(a_message_of_another_kind),
        TALK(an_oversized_frame),
        TALK(input_before_the_start),
        TALK(a_failure_is_not_the_agents_end),
        TALK(a_signal_reaches_it_and_its_children),
        TALK(there_is_no_signal_65),
        TALK(more_input_than_was_asked_for_ends_it),
        TALK(a_second_start_ends_the_first),
        TALK(the_end_of_the_host_ends_it),
        TALK(the_end_of_the_host_ends_what_ignores_it),
        TALK(the_end_of_the_host_ends_what_is_stopped),
        TALK(a_new_call_ends_what_the_former_host_ran),
        TALK(one_command_after_the_other),
        TALK(another_one_after_a_failure),
        TALK(two_ports_at_once),
        TALK(a_terminal_is_one),
        TALK(a_terminal_is_resized),
        TALK(what_is_typed_is_echoed_and_read),
        TALK(interrupt_is_typed),
        TALK(the_end_of_input_ends_a_terminals),
        TALK(the_end_of_the_host_ends_a_terminals_jobs),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!getenv("AGENT")) {
        fprintf(stderr, "AGENT: not set to the agent's program\n");
        return 1;
    }
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
