/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of a shell, for tests that make filesystems. */
#ifndef VLT_TEST_SHELL_RUN_H
#define VLT_TEST_SHELL_RUN_H

/* What system(3) returns. The command has at most 2047 bytes. */
int shell_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails the test where the command does. */
void shell_run_well(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
