/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process tries that has been taken over: each member of what the sandbox is to keep out. */
#ifndef VLT_INTRUDER_H
#define VLT_INTRUDER_H

#include <stdbool.h>
#include <stdio.h>

/* Tries all of it. `file` belongs to this process's user, or anyone may write it. Names go to `to`,
 * one a line, of what worked. How many did; io_uring counts only where it must not work. */
unsigned intruder_try(const char *file, bool io_uring_may, FILE *to);

#endif
