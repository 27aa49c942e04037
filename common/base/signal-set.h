/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which signals are taken. */
#ifndef VLT_SIGNAL_SET_H
#define VLT_SIGNAL_SET_H

#include <signal.h>
#include <stddef.h>

/* *set: those of the numbers that are not ignored. What was ignored from the beginning, as nohup(1)
 * and a shell's background jobs have it, stays so; a signal that is blocked would reach a signalfd
 * all the same. */
void signal_set_not_ignored(sigset_t *set, const int *numbers, size_t count);

#endif
