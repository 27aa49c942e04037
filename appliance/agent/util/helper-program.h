/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program of the root drive, run to its end. */
#ifndef VLT_AGENT_HELPER_PROGRAM_H
#define VLT_AGENT_HELPER_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/* Larger input would not fit into a pipe that nobody reads yet. */
#define HELPER_PROGRAM_INPUT_MAX 4096

/* Runs argv[0], found in PATH, with these bytes on stdin (none: nothing is there to read). Its exit
 * status, 128 where a signal ended it, or -errno. The last line of the first 4095 bytes that it
 * wrote goes to `said`, without its newline. What detached itself from it may go on. */
int helper_program_run(const char *const *argv, const void *input, size_t length, char *said,
                       size_t size);

/* The same without input, for what is written to stdout: as many bytes, or -errno; -E2BIG: more
 * than `size`; -EPROTO: it did not end well. */
ssize_t helper_program_read(const char *const *argv, void *output, size_t size);

#endif
