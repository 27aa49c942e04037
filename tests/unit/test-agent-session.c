/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands through the agent on the host (session.x). The programs are the host's. */
#include "lib/agent-talk.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h> /* needs the above */

/* ---- streams and statuses ---- */

static void output_and_errors_are_told_apart(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo out; echo err >&2");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "out\n");
    assert_string_equal(talk->errors, "err\n");
}

static void the_exit_status_comes_through(void **state)
{
    SHELL(*state, "exit 42");
    talk_expect_exit(*state, 42);
}

static void the_signal_that_ended_it_comes_through(void **state)
{
    SHELL(*state, "kill -9 $$");
    talk_expect_killed(*state, SIGKILL);
}

static void the_end_of_input_is_the_end_of_stdin(void **state)
{
    struct talk *talk = *state;
    START(talk, "cat");
    talk_type(talk, "one\n", 4);
    talk_type(talk, "two", 3);
    talk_end_input(talk);
    talk_expect_exit(talk, 0);
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
            talk_type(talk, data + sent, count);
            sent += count;
        } else {
            talk_hear(talk);
        }
    }
    talk_end_input(talk);
    talk_expect_exit(talk, 0);
    assert_int_equal(talk->output_length, TOTAL);
    assert_memory_equal(talk->output, data, TOTAL);
}

/* The host reads nothing until the program must have filled everything there is to fill. */
static void a_slow_host_stops_the_program_and_loses_nothing(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2");
    poll(NULL, 0, 500);
    talk_expect_exit(talk, 0);
    assert_int_equal(talk->output_length, 3000000);
    assert_int_equal(talk->errors_length, 3000004);
    assert_memory_equal(talk->errors + 3000000, "end\n", 4);
}

static void input_that_nobody_reads_does_no_harm(void **state)
{
    struct talk *talk = *state;
    AUTO_FREE char *data = calloc(1, SESSION_WINDOW);
    SHELL(talk, "exec <&-; sleep 0.3; echo done");
    talk_type(talk, data, SESSION_WINDOW);
    talk_end_input(talk);
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "done\n");
}

static void output_of_a_child_that_stays_is_waited_for_a_while(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "(sleep 0.1; echo late) & echo early");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "early\nlate\n");
}

static void a_daemon_with_the_pipes_does_not_hold_the_end(void **state)
{
    struct talk *talk = *state;
    double began = talk_now();
    SHELL(talk, "sleep 30 & echo $!");
    talk_expect_exit(talk, 0);
    assert_true(talk_now() - began < 25);
    assert_int_equal(kill((pid_t)atoi(talk->output), SIGKILL), 0);
}

/* ---- what it is started with ---- */

/* Newlines, invalid UTF-8, nothing at all, and what a shell would take apart. */
static void arguments_are_bytes(void **state)
{
    struct talk *talk = *state;
    START(talk, "printf", "<%s>", "a\nb", "\xff\xfe", "", "$(x) 'y'");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "<a\nb><\xff\xfe><><$(x) 'y'>");
}

static void the_environment_has_no_more_than_it_should(void **state)
{
    struct talk *talk = *state;
    START(talk, "env");
    talk_expect_exit(talk, 0);
    assert_null(strstr(talk->output, "TERM="));
    assert_null(strstr(talk->output, "AGENT="));
    assert_non_null(strstr(talk->output, "HOME=/"));
    assert_non_null(strstr(talk->output,
                           "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
}

static void the_environment_has_what_is_given(void **state)
{
    struct talk *talk = *state;
    talk_start_with(talk, (const char *const[]){"env", NULL},
                    (const char *const[]){"HOME=/elsewhere", "TERM=vt100", "A=b=c\xff", NULL},
                    false);
    talk_expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "HOME=/elsewhere\n"));
    assert_null(strstr(talk->output, "HOME=/root"));
    assert_non_null(strstr(talk->output, "TERM=vt100\n"));
    assert_non_null(strstr(talk->output, "A=b=c\xff\n"));
}

static void it_is_in_the_root_directory(void **state)
{
    struct talk *talk = *state;
    START(talk, "pwd");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "/\n");
}

static void it_has_no_descriptors_of_the_agent(void **state)
{
    struct talk *talk = *state;
    /* 3 is that of ls itself. */
    START(talk, "ls", "/proc/self/fd");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "0\n1\n2\n3\n");
}

static void signals_are_as_they_are_by_default(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "grep -E '^Sig(Blk|Ign)' /proc/self/status");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

/* ---- what cannot be started ---- */

static void a_program_that_is_not_there(void **state)
{
    START(*state, "no-such-program");
    talk_expect_failure(*state, "no-such-program: No such file or directory");
}

static void a_program_that_may_not_be_executed(void **state)
{
    START(*state, "/dev/null");
    talk_expect_failure(*state, "/dev/null: Permission denied");
}

static void an_argument_that_is_too_long(void **state)
{
    struct talk *talk = *state;
    AUTO_FREE char *text = malloc(MAX_ARGUMENT + 1);
    memset(text, 'x', MAX_ARGUMENT);
    text[MAX_ARGUMENT] = '\0';
    START(talk, "echo", text);
    talk_expect_failure(talk, "echo: Argument list too long");
}

static void no_program_at_all(void **state)
{
    talk_start(*state, (const char *const[]){NULL});
    talk_expect_failure(*state, "no program is named");
}

static void an_environment_without_a_name(void **state)
{
    talk_start_with(*state, (const char *const[]){"env", NULL}, (const char *const[]){"=x", NULL},
                    false);
    talk_expect_failure(*state, "the environment has something other than NAME=VALUE in it");
}

static void an_argument_with_a_nul(void **state)
{
    argument arguments[2] = {{.text = {4, (char[]){"echo"}}}, {.text = {3, (char[]){"a\0b"}}}};
    session_ask asked = {.kind = SESSION_START};
    asked.session_ask_u.start.protocol = SESSION_VERSION;
    asked.session_ask_u.start.arguments.arguments_val = arguments;
    asked.session_ask_u.start.arguments.arguments_len = 2;
    talk_tell(*state, &asked);
    talk_expect_failure(*state, "an argument has a NUL byte in it");
}

static void another_version(void **state)
{
    char message[128];
    session_ask asked = {.kind = SESSION_START};
    asked.session_ask_u.start.protocol = SESSION_VERSION + 1;
    talk_tell(*state, &asked);
    snprintf(message, sizeof message,
             "the appliance speaks version %d of the session protocol, not %d", SESSION_VERSION,
             SESSION_VERSION + 1);
    talk_expect_failure(*state, message);
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
    talk_expect_failure(*state, "what the host said cannot be understood");
}

static void a_message_of_another_kind(void **state)
{
    say_words(*state, (uint32_t[]){99}, 1);
    talk_expect_failure(*state, "what the host said cannot be understood");
}

static void an_oversized_frame(void **state)
{
    const struct talk *talk = *state;
    assert_int_equal(write(talk->fd, "\x00\x10\x00\x01", 4), 4);
    talk_expect_failure(*state, "what the host said cannot be understood");
}

static void input_before_the_start(void **state)
{
    talk_type(*state, "x", 1);
    talk_expect_failure(*state, "the host did not begin with SESSION_START");
}

/* The agent, and the other ports, go on. */
static void a_failure_is_not_the_agents_end(void **state)
{
    struct talk *talk = *state;
    say_words(talk, (uint32_t[]){99}, 1);
    talk_hear_all(talk);
    agent_ask_hello(talk->agent, PROTOCOL_VERSION);
    answer reply = agent_expect(talk->agent, 1, OP_HELLO);
    agent_free_answer(&reply);
}

/* ---- while it runs ---- */

static void a_signal_reaches_it_and_its_children(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "sleep 100 & echo $!; wait");
    talk_hear_until(talk, "\n");
    talk_signal(talk, SIGTERM);
    talk_expect_killed(talk, SIGTERM);
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
}

static void there_is_no_signal_65(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo $$; exec sleep 100");
    talk_hear_until(talk, "\n");
    talk_signal(talk, 65);
    talk_expect_failure(talk, "there is no signal 65");
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
}

static void more_input_than_was_asked_for_ends_it(void **state)
{
    struct talk *talk = *state;
    AUTO_FREE char *data = calloc(1, SESSION_WINDOW);
    SHELL(talk, "echo $$; exec sleep 100");
    talk_hear_until(talk, "\n");
    /* A pipe takes 64 KiB; these the host is told of, and then no more. */
    talk_type(talk, data, SESSION_WINDOW);
    talk_type(talk, data, SESSION_WINDOW);
    talk_type(talk, data, SESSION_WINDOW);
    talk_expect_failure(talk, "the host sent more input than it was asked for");
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
}

static void a_second_start_ends_the_first(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "echo $$; exec sleep 100");
    talk_hear_until(talk, "\n");
    START(talk, "true");
    talk_expect_failure(talk, "a command is running on this port");
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
}

static void hang_up_while_it_runs(struct talk *talk, const char *script)
{
    SHELL(talk, script);
    talk_hear_until(talk, "\n");
    close(steal_fd(&talk->agent->sessions[0]));
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
}

static void the_end_of_the_host_ends_it(void **state)
{
    hang_up_while_it_runs(*state, "sleep 100 & echo $!; wait");
}

static void the_end_of_the_host_ends_what_ignores_it(void **state)
{
    double began = talk_now();
    hang_up_while_it_runs(*state, "trap '' HUP TERM; echo $$; while :; do sleep 1; done");
    assert_true(talk_now() - began > 1.9);
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
    talk_hear_until(talk, "\n");
    talk_call(talk);
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
    START(talk, "echo", "new");
    talk_expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "new\n"));
}

static void one_command_after_the_other(void **state)
{
    struct talk *talk = *state;
    SHELL(talk, "exit 1");
    talk_expect_exit(talk, 1);
    talk_type(talk, "late", 4); /* that it is over was on its way */
    poll(NULL, 0, 100);
    talk_call(talk);
    talk->over = false;
    SHELL(talk, "exit 2");
    talk_expect_exit(talk, 2);
}

static void another_one_after_a_failure(void **state)
{
    struct talk *talk = *state;
    say_words(talk, (uint32_t[]){99}, 1);
    talk_hear_all(talk);
    talk_call(talk);
    talk->over = false;
    talk->failed[0] = '\0';
    START(talk, "true");
    talk_expect_exit(talk, 0);
}

static void two_ports_at_once(void **state)
{
    struct talk *talk = *state;
    struct talk other = {.fd = talk->agent->sessions[1], .reader = frame_reader_new()};
    talk_call(&other);
    START(talk, "cat");
    START(&other, "echo", "other");
    talk_expect_exit(&other, 0);
    assert_string_equal(other.output, "other\n");
    talk_type(talk, "mine", 4);
    talk_end_input(talk);
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "mine");
    frame_reader_free(other.reader);
    free(other.output);
}

int main(void)
{
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
    };
    return talk_is_possible() ? cmocka_run_group_tests_name("sessions", tests, NULL, NULL) : 1;
}
