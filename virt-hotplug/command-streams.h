/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of a command that runs in the appliance (session.x): connects its standard streams
 * to ours, forwards signals to it, and returns its exit status. */
#ifndef VHP_COMMAND_STREAMS_H
#define VHP_COMMAND_STREAMS_H

#include "base/error.h"
#include <stdbool.h>

struct command_streams_program {
    char *const *arguments;   /* bytes; NULL behind the last */
    char *const *environment; /* NAME=VALUE, to be added; NULL behind the last; or NULL */
    bool terminal;            /* stdin and stdout are a terminal, and it gets one */
};

/* Runs it through a connected port, which stays the caller's; blocks until it has ended. Its exit
 * status, 128 and the signal's number where one ended it; -1 and *err: ERROR_UNSUPPORTED where it
 * could not be started, errno EPIPE where our reader has gone, ERROR_APPLIANCE where the appliance
 * has ended or broke the protocol. The terminal is as it was before. */
int command_streams_run(int port, const struct command_streams_program *command, error **err);

#endif
