/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which signals a process handles. */
#ifndef VLT_SIGNAL_SET_H
#define VLT_SIGNAL_SET_H

#include <signal.h>
#include <stddef.h>

/* Puts those of the numbers into *set that this process does not ignore. Signals ignored from the
 * start (nohup(1), background jobs of a shell) have to stay ignored, and a signalfd would receive
 * them once they are blocked. */
void signal_set_not_ignored(sigset_t *set, const int *numbers, size_t count);

#endif
