/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends commands whose host has gone: SIGHUP, and SIGKILL 2 s later. */
#ifndef VLT_AGENT_SESSION_HANGUP_H
#define VLT_AGENT_SESSION_HANGUP_H

#include "agent/util/event-loop.h"
#include "session-process.h"

typedef struct session_hangup session_hangup;

/* Borrows the loop. NULL: errno. */
session_hangup *session_hangup_new(event_loop *events);

/* Does that to the process and all of its session. Its descriptors stay the caller's. */
void session_hangup_add(session_hangup *self, const struct session_process *process);

#endif
