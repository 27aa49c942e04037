/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a forked process does first, so that it has nothing of its parent's but what it is given. */
#ifndef VLT_CHILD_SETUP_H
#define VLT_CHILD_SETUP_H

#include "base/error.h"
#include <stddef.h>

/* Closes everything above stderr that is not in `keep`, which is short. 0, or -errno: there may be
 * something left, and the process must not go on. */
int child_setup_close_others(const int *keep, size_t count);

/* stdin and stdout are /dev/null: the list may come through our stdin and somebody may wait for our
 * stdout to close, so neither is held open by anybody but the supervisor. */
void child_setup_detach_streams(void);

/* All signals are at their defaults, and none is blocked; SIGPIPE is ignored. */
void child_setup_default_signals(void);

/* All of that, under a name of at most 15 bytes. 0, or -errno: as child_setup_close_others(). */
int child_setup_begin(const char *name, const int *keep, size_t count);

/* Runs work() in a new process, which exits with what that returns. It is the child of init and not
 * ours: the process in between ends at once. Where that one cannot fork, nothing runs, and the
 * descriptors that only work() would hold are closed. 0; -1 and *err. */
int child_setup_fork_orphan(int (*work)(void *data), void *data, error **err);

#endif
