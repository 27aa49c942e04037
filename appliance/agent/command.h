/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port on which a host runs commands (session.x), one at a time. */
#ifndef VLT_AGENT_COMMAND_H
#define VLT_AGENT_COMMAND_H

#include "hangup.h"
#include "loop.h"
#include <stdbool.h>
#include <sys/types.h>

typedef struct command command;

/* Takes over the port's descriptor, borrows the others. NULL: errno. */
command *command_new(int fd, loop *events, hangups *leaving);

/* A child has ended. Whether it was this one's. */
bool command_reaped(command *self, pid_t pid, int status);

/* Whether somebody needs the appliance: a host is connected, or a command runs. */
bool command_active(const command *self);

/* Ends what runs at once: the agent itself is about to end. */
void command_kill(command *self);

#endif
