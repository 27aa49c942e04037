/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first and the last steps of a command's process. */
#ifndef VLT_PROGRAM_H
#define VLT_PROGRAM_H

#include "base/error.h"

/* name lasts. 0 or -1: the standard streams cannot be had; that has been said. */
int program_begin(const char *name);

/* Closes stdout. 0 or -1: not all of it could be written; that has been said. */
int program_end(void);

/* Says that stdout could not be written. Where its reader has gone (EPIPE) it ends the process by
 * SIGPIPE instead, in silence, as in `cat | head`. */
void program_output_failed(const error *err);

/* What --version prints. */
void program_print_version(void);

#endif
