/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input of a command: it waits here until the program takes it, and the host sends no more than
 * there is room for. */
#ifndef VLT_AGENT_SESSION_INPUT_H
#define VLT_AGENT_SESSION_INPUT_H

#include "agent/util/event-loop.h"
#include "session-process.h"

typedef struct session_input session_input;

/* `moved` is called when the program has taken some, or wants no more. NULL: no memory. */
session_input *session_input_new(event_loop *events, void (*moved)(void *owner), void *owner);
void session_input_free(session_input *self);

/* For another program: process->input is closed here, and is then -1. */
void session_input_begin(session_input *self, struct session_process *process);
/* What waits is forgotten. */
void session_input_close(session_input *self);

/* The host has sent that. False: more than it was allowed to. */
bool session_input_take(session_input *self, const char *bytes, size_t length);
/* The host will send no more: so it is for the program when it has taken what waits. */
void session_input_end(session_input *self);

/* So many bytes more may be sent from now on; 0 where it is not worth a message. */
uint32_t session_input_more(session_input *self);

#endif
