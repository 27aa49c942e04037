/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands on a terminal, through the agent on the host (session.x). */
#include "lib/agent-talk.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> /* needs the above */

static void start_terminal(struct talk *talk, const char *script)
{
    talk_start_with(talk, (const char *const[]){"sh", "-c", script, NULL},
                    (const char *const[]){"TERM=dumb", NULL}, true);
}

static void a_terminal_is_one(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "test -t 0 -a -t 1 -a -t 2 && echo err >&2 && stty size < /dev/tty");
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "err\r\n24 100\r\n");
    assert_int_equal(talk->errors_length, 0);
}

static void a_terminal_is_resized(void **state)
{
    struct talk *talk = *state;
    session_ask asked = {.kind = SESSION_RESIZE,
                         .session_ask_u.resize = {.rows = 50, .columns = 132}};
    start_terminal(talk, "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done");
    talk_hear_until(talk, "ready");
    talk_tell(talk, &asked);
    talk_expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "50 132"));
}

static void what_is_typed_is_echoed_and_read(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "read line; echo \"<$line>\"");
    talk_type(talk, "word\n", 5);
    talk_expect_exit(talk, 0);
    assert_non_null(strstr(talk->output, "word\r\n<word>\r\n"));
}

static void interrupt_is_typed(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "echo ready; exec sleep 100");
    talk_hear_until(talk, "ready");
    talk_type(talk, "\x03", 1);
    talk_expect_killed(talk, SIGINT);
}

static void the_end_of_input_ends_a_terminals(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "stty -echo; echo ready; cat");
    talk_hear_until(talk, "ready\r\n");
    talk_type(talk, "half a line", 11);
    talk_end_input(talk);
    talk_expect_exit(talk, 0);
    assert_string_equal(talk->output, "ready\r\nhalf a line");
}

/* They are process groups of their own. */
static void the_end_of_the_host_ends_a_terminals_jobs(void **state)
{
    struct talk *talk = *state;
    start_terminal(talk, "set -m; sleep 100 & echo $!; fg");
    talk_hear_until(talk, "\n");
    close(steal_fd(&talk->agent->sessions[0]));
    assert_true(talk_has_gone((pid_t)atoi(talk->output)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(a_terminal_is_one),
        TALK(a_terminal_is_resized),
        TALK(what_is_typed_is_echoed_and_read),
        TALK(interrupt_is_typed),
        TALK(the_end_of_input_ends_a_terminals),
        TALK(the_end_of_the_host_ends_a_terminals_jobs),
    };
    return talk_is_possible() ? cmocka_run_group_tests_name("terminals", tests, NULL, NULL) : 1;
}
