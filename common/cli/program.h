/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first and the last steps of a command's process. */
#ifndef VLT_PROGRAM_H
#define VLT_PROGRAM_H

#include "base/error.h"

/* `name` must stay valid. 0 or -1: the standard streams cannot be opened; it has printed the error.
 */
int program_begin(const char *name);

/* Closes stdout. 0 or -1: output could not be written; it has printed the error. */
int program_end(void);

/* Prints that stdout could not be written. Where the reader has closed it (EPIPE) it ends the
 * process silently by SIGPIPE instead, as in `cat | head`. */
void program_output_failed(const error *err);

/* The output of --version. */
void program_print_version(void);

#endif
