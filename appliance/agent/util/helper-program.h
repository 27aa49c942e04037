/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program of the root drive and waits for its end. */
#ifndef VLT_AGENT_HELPER_PROGRAM_H
#define VLT_AGENT_HELPER_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/* Larger input would not fit into a pipe before the program reads it. */
#define HELPER_PROGRAM_INPUT_MAX 4096

/* Of a program's output, more is not kept. */
#define HELPER_PROGRAM_OUTPUT_MAX 4096

/* Runs argv[0], found in PATH, with these bytes on stdin. Its exit status, 128 where a signal ended
 * it, or -errno. As much of its output as fits is copied to `said`, a string. Processes that
 * detached themselves from it go on. */
int helper_program_run(const char *const *argv, const void *input, size_t length, char *said,
                       size_t size);

/* The last line of the text, in place, without newlines: what most programs fail with. */
const char *helper_program_last_line(char *text);

/* Runs it without input and reads its stdout: the number of bytes, or -errno; -E2BIG: more than
 * `size`; -EPROTO: it failed. */
ssize_t helper_program_read(const char *const *argv, void *output, size_t size);

#endif
