/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port on which a host runs commands (session.x), one at a time. */
#ifndef VLT_AGENT_SESSION_H
#define VLT_AGENT_SESSION_H

#include "agent/util/event-loop.h"
#include "agent/util/renewal.h"
#include "session-hangup.h"
#include <stdbool.h>
#include <sys/types.h>

typedef struct session session;

/* Takes over the port's descriptor, borrows the others. No command is started before the appliance
 * has been renewed. NULL: errno. */
session *session_new(int fd, event_loop *events, session_hangup *leaving, renewal *fresh);

/* To be called for each child that ended. Whether it was this session's. */
bool session_reaped(session *self, pid_t pid, int status);

/* Whether the appliance is needed: a host is connected, or a command runs. */
bool session_active(const session *self);

/* Kills the running command: the agent itself is about to end. */
void session_kill(session *self);

#endif
