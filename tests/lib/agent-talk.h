/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command through the agent on the host (session.x), and what it says, in all: a test's side of
 * it. The programs are the host's. Use as a cmocka fixture: talk_set_up, talk_tear_down. Whatever
 * fails here fails the test. */
#ifndef VLT_TEST_AGENT_TALK_H
#define VLT_TEST_AGENT_TALK_H

#include "agent-process.h"
#include "wire/session.h"

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

#define TALK(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

int talk_set_up(void **state);
int talk_tear_down(void **state);

/* Begins anew, as a host that has just come. */
void talk_call(const struct talk *talk);
void talk_tell(const struct talk *talk, const session_ask *asked);

/* Takes the messages of one read; all, until it is over; all, until that has been said. */
void talk_hear(struct talk *talk);
void talk_hear_all(struct talk *talk);
void talk_hear_until(struct talk *talk, const char *what);

/* The arrays end with NULL; environment may be NULL. */
void talk_start_with(struct talk *talk, const char *const *words, const char *const *environment,
                     bool terminal);
void talk_start(struct talk *talk, const char *const *words);
#define START(talk, ...) talk_start(talk, (const char *const[]){__VA_ARGS__, NULL})
#define SHELL(talk, script) START(talk, "sh", "-c", script)

void talk_type(struct talk *talk, const char *bytes, size_t length);
void talk_end_input(const struct talk *talk);
void talk_signal(const struct talk *talk, unsigned number);

/* How it ended. */
void talk_expect_exit(struct talk *talk, unsigned code);
void talk_expect_killed(struct talk *talk, unsigned number);
void talk_expect_failure(struct talk *talk, const char *message);

double talk_now(void); /* seconds, of a clock that goes on */
/* Waits, at most 10 s, until the process (not a child of ours) has gone. */
bool talk_has_gone(pid_t pid);

/* First in main(): whether there is an agent to talk to; otherwise it is said. */
bool talk_is_possible(void);

#endif
