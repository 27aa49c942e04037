/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a piece of work in a process with only the sandbox's rights, for a command that needs its
 * own rights afterwards. */
#ifndef VHP_SANDBOXED_WORK_H
#define VHP_SANDBOXED_WORK_H

#include "process/sandbox.h"

/* Returns the result of the work, and its error. */
int sandboxed_work_do(const struct sandbox *box, int (*work)(void *data, error **err), void *data,
                      error **err);

/* For work that starts processes which outlive it: where it fails, or this process ends first,
 * none of them is left, in whatever state they are. If signal_fd becomes readable the same is done,
 * and 1 returned without an error. */
int sandboxed_work_start(const struct sandbox *box, int (*work)(void *data, error **err),
                         void *data, int signal_fd, error **err);

#endif
