/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that a host has asked for, and the ends of its pipes or of its terminal. */
#ifndef VLT_AGENT_SESSION_PROCESS_H
#define VLT_AGENT_SESSION_PROCESS_H

#include "wire/session.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The descriptors are the agent's ends, non-blocking; who closes one leaves -1. */
struct session_process {
    pid_t pid; /* and its session, and its process group */
    bool reaped;
    bool terminal;
    int input;
    int output;
    int errors;  /* -1 of a terminal */
    int verdict; /* says why it could not be executed */
};

/* Why no program can be started from this, or NULL. */
const char *session_process_objection(const session_start *how);

/* Starts it, as the leader of a session, in /, with signals as they are by default and no
 * descriptor but 0 to 2. Whether it could be executed is known when it has ended:
 * session_process_verdict(). 0 or -errno, and then *self has nothing. */
int session_process_start(struct session_process *self, const session_start *how);

/* When it has ended: 0, or -errno where its program could not be executed. */
int session_process_verdict(const struct session_process *self);

/* For it and what it started, unless that has made a session of its own. The number must be a
 * signal's. */
void session_process_signal(const struct session_process *self, int number);
/* The same by its number, when the process itself has perhaps gone. A session's number is given to
 * no other as long as it has a member. */
void session_process_signal_session(pid_t session, int number);
void session_process_resize(const struct session_process *self, const session_window *window);

/* What must be typed at a terminal to end its input, `count` bytes at most 2; 0: nothing would.
 * `begun`: a line has been begun. */
size_t session_process_end_of_input(const struct session_process *self, bool begun, char typed[2]);

/* Closes the descriptors; the program goes on. */
void session_process_close(struct session_process *self);

#endif
