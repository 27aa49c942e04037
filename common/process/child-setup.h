/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a forked process does first, so that it has nothing of its parent's but what it is given. */
#ifndef VLT_CHILD_SETUP_H
#define VLT_CHILD_SETUP_H

#include <stddef.h>

/* Closes everything above stderr that is not in `keep`, which is short. 0, or -errno: there may be
 * something left, and the process must not go on. */
int child_setup_close_others(const int *keep, size_t count);

/* stdin and stdout are /dev/null: the list may come through our stdin and somebody may wait for our
 * stdout to close, so neither is held open by anybody but the supervisor. */
void child_setup_detach_streams(void);

/* All signals are at their defaults, and none is blocked; SIGPIPE is ignored. */
void child_setup_default_signals(void);

#endif
