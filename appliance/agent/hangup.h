/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of commands whose host has gone: SIGHUP, and SIGKILL 2 s later. */
#ifndef VLT_AGENT_HANGUP_H
#define VLT_AGENT_HANGUP_H

#include "loop.h"
#include "process.h"

typedef struct hangups hangups;

/* Borrows the loop. NULL: errno. */
hangups *hangups_new(loop *events);

/* Hangs up on the process and all of its session. Its descriptors stay the caller's. */
void hangups_add(hangups *self, const struct process *process);

#endif
