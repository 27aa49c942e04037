/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that runs for a host, and our ends of its pipes or terminal. */
#ifndef VLT_AGENT_SESSION_PROCESS_H
#define VLT_AGENT_SESSION_PROCESS_H

#include "wire/session.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The descriptors are the agent's ends, non-blocking; -1 where closed. */
struct session_process {
    pid_t pid; /* and its session, and its process group */
    bool reaped;
    bool terminal;
    int input;
    int output;
    int errors;  /* -1 of a terminal */
    int verdict; /* says why it could not be executed */
};

/* Why the request is not valid, or NULL. */
const char *session_process_objection(const session_start *how);

/* Starts it as the leader of a session, in /, with default signals and no descriptor but 0 to 2.
 * After its end session_process_verdict() tells whether it could be executed. 0 or -errno, and then
 * *self holds nothing. */
int session_process_start(struct session_process *self, const session_start *how);

/* After its end: 0, or -errno where its program could not be executed. */
int session_process_verdict(const struct session_process *self);

/* Sends a signal to it and to the processes that it started, except those in a session of their
 * own. The number must be a signal's. */
void session_process_signal(const struct session_process *self, int number);
/* The same by the session's number, when the process itself may have ended. The kernel does not
 * reuse that number while the session has a member. */
void session_process_signal_session(pid_t session, int number);
void session_process_resize(const struct session_process *self, const session_window *window);

/* The bytes to type at a terminal to end its input, at most 2; 0: its settings have none. `begun`:
 * the current line is not empty. */
size_t session_process_end_of_input(const struct session_process *self, bool begun, char typed[2]);

/* Closes the descriptors; the program goes on. */
void session_process_close(struct session_process *self);

#endif
