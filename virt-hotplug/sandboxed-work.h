/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A piece of work in a process of its own that has no rights but those of the sandbox, for a
 * command that needs its own again afterwards. */
#ifndef VHP_SANDBOXED_WORK_H
#define VHP_SANDBOXED_WORK_H

#include "process/sandbox.h"

/* What the work returned, and its error. If signal_fd (-1: none) becomes readable the process is
 * killed: 1, no error. */
int sandboxed_work_do(const struct sandbox *box, int (*work)(void *data, error **err), void *data,
                      int signal_fd, error **err);

#endif
