/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first steps of a forked process: it keeps nothing of its parent's but what it was given. */
#ifndef VLT_CHILD_SETUP_H
#define VLT_CHILD_SETUP_H

#include "base/error.h"
#include <stddef.h>

/* Closes all descriptors above stderr that are not in `keep`, which is short. 0, or -errno: some
 * may still be open, and the process must not go on. */
int child_setup_close_others(const int *keep, size_t count);

/* Replaces stdin and stdout with /dev/null, and stderr with the pipe of child-messages.h, if there
 * is one. Only the supervisor may hold stdin and stdout open: stdin may be the pipe of a list, and
 * a reader may wait for stdout to close. Before child_setup_close_others(). */
void child_setup_detach_streams(void);

/* Keeps of the environment what our programs need (the search path, the language, where temporary
 * files go, what is set for libvirt, for us and for sanitizers), and the variables in `more` (NULL:
 * none; a NULL ends them). Overwrites all others where they lie: the caller may have put secrets
 * there. */
void child_setup_reduce_environment(const char *const *more);

/* Resets all signals to their defaults and unblocks them; ignores SIGPIPE, SIGXFSZ
 * and SIGUSR1. */
void child_setup_default_signals(void);

/* Does all of the above, and names the process (at most 15 bytes). 0, or -errno: as
 * child_setup_close_others(). */
int child_setup_begin(const char *name, const int *keep, size_t count);

/* Runs work() in a new process, which exits with its result. Its parent is init, because the
 * process that we fork forks again and ends at once. If the second fork fails, nothing runs, and
 * the caller sees its descriptors closed. 0; -1 and *err. */
int child_setup_fork_orphan(int (*work)(void *data), void *data, error **err);

#endif
