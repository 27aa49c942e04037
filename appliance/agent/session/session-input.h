/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input of a command: buffered until the program reads it. The host sends no more than the
 * buffer has room for. */
#ifndef VLT_AGENT_SESSION_INPUT_H
#define VLT_AGENT_SESSION_INPUT_H

#include "agent/util/event-loop.h"
#include "session-process.h"

typedef struct session_input session_input;

/* `moved` is called when the program has read some, or has closed its input. NULL: no memory. */
session_input *session_input_new(event_loop *events, void (*moved)(void *owner), void *owner);
void session_input_free(session_input *self);

/* Begins with another program. Takes over process->input, which is -1 afterwards. */
void session_input_begin(session_input *self, struct session_process *process);
/* Closes the program's input and drops buffered bytes. */
void session_input_close(session_input *self);

/* Buffers bytes that the host has sent. False: it has sent more than it was allowed to. */
bool session_input_take(session_input *self, const char *bytes, size_t length);
/* The host will send no more: closes the program's input after the buffered bytes. */
void session_input_end(session_input *self);

/* Bytes that the host may send in addition; 0 where a message is not worth it yet. */
uint32_t session_input_more(session_input *self);

#endif
