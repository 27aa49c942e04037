/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The children of this process: those that it made, as opposed to those that it came with.
 *
 * exec() keeps children, and a shell execs the last command of `sh -c`: of
 * `sh -c 'command --images-from <(find …)'` the find is the command's child, and nothing of ours
 * to end. (What such a child leaves behind when it ends comes to a subreaper, and cannot be
 * told from what ours leave.) */
#ifndef VLT_CHILD_LIST_H
#define VLT_CHILD_LIST_H

#include <stdbool.h>
#include <sys/types.h>

/* The children that there are now are somebody else's. 0, or -1: no memory. */
int child_list_begin(void);

/* SIGKILLs the children that are ours, but for those of which spared() (may be NULL) is true. How
 * many have got it, those that have ended and are not reaped yet included; -1: the kernel does not
 * list them (CONFIG_PROC_CHILDREN). */
int child_list_kill(bool (*spared)(const void *data, pid_t pid), const void *data);

/* The same until none of ours is left, nor any that they leave behind to this process, which is a
 * subreaper. */
void child_list_end(void);

/* A child has been reaped, by waitpid(-1): its number may come to be that of another. */
void child_list_reaped(pid_t pid);

#endif
