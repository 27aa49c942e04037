/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The children that this process has made, as opposed to those that it inherited through exec().
 *
 * exec() keeps children, and a shell execs the last command of `sh -c`: of `sh -c 'command
 * --images-from <(find …)'` the find is the command's child, which the command must not kill. (When
 * such a child ends, a subreaper inherits its children, and cannot tell them from the children that
 * our own processes leave.) */
#ifndef VLT_CHILD_LIST_H
#define VLT_CHILD_LIST_H

#include <stdbool.h>
#include <sys/types.h>

/* Marks existing children as foreign; they are never killed. 0, or -1: no memory. */
int child_list_begin(void);

/* Sends SIGKILL to all children but the foreign ones and those for which spared() (may be NULL) is
 * true. Returns to how many, zombies included; -1: the kernel does not list children
 * (CONFIG_PROC_CHILDREN). */
int child_list_kill(bool (*spared)(const void *data, pid_t pid), const void *data);

/* Repeats that until no child is left but the foreign ones, also none that a subreaper inherits
 * from its children. */
void child_list_end(void);

/* To be called when waitpid(-1) has reaped a child: the kernel may give its pid to another process.
 */
void child_list_reaped(pid_t pid);

#endif
