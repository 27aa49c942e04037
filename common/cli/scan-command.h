/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command that asks about guests and prints the answers: all of it but its options, its question
 * and what it prints. main() is
 *
 *     int code = scan_command_begin(NAME);
 *     if (code == COMMAND_OK) code = … scan_command_usage(NAME, err), or scan_command_run(&self) …;
 *     return scan_command_end(code);
 */
#ifndef VLT_SCANNING_H
#define VLT_SCANNING_H

#include "common-options.h"

struct scanning {
    const struct common_options *options;
    void *data; /* of the two below */
    /* As struct supervisor_client's. What failed has been said. */
    int (*answer)(void *data, const struct guest_answer *answer, error **err);
    /* After the last answer. NULL: nothing is to be done. */
    int (*finish)(void *data, error **err);
    const char *nothing; /* "nothing to scan", where all lists are empty */

    bool passed; /* a threshold was passed */

    /* scanning_…()'s own */
    progress *bar;
    uint64_t guests;
};

/* The process's first steps. COMMAND_OK or an exit status. name lasts. */
int scan_command_begin(const char *name);
/* Says what was wrong with the command line. The exit status. */
int scan_command_usage(const char *name, const error *err);
/* Asks about all guests. The exit status; does not return where a signal ended it. */
int scan_command_run(struct scanning *self);
/* Closes stdout. The exit status: the given one, if all could be written. */
int scan_command_end(int code);

/* To stdout, at once, without the progress bar. 0 or -1 and *err. */
int scan_command_print(struct scanning *self, const void *bytes, size_t length, error **err);
/* As message(), without the progress bar. */
void scan_command_say(struct scanning *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
