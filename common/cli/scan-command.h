/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command that asks about guests and prints the answers: everything but its options, its question
 * and its output. Its main() fills in a struct scan_command and calls scan_command_main(). */
#ifndef VLT_SCAN_COMMAND_H
#define VLT_SCAN_COMMAND_H

#include "common-options.h"

struct scan_command;

/* Each takes the command's data first. */
struct scan_command_ops {
    /* As common_options_parse(), which it calls. */
    int (*parse)(void *data, int argc, char **argv, error **err);
    /* Prints the part of --help below the options. */
    void (*help)(FILE *to);
    /* Called after parsing, before guests are scanned. 0 or -1 and *err. */
    int (*start)(void *data, error **err);
    /* As supervisor_client's answer(). It writes to self->to. */
    int (*answer)(void *data, struct scan_command *self, const struct guest_answer *answered,
                  error **err);
    /* After the last answer. NULL: nothing is to be done. */
    int (*finish)(void *data, struct scan_command *self, error **err);
    /* The last: the exit status, from the one that it would be. The command line may have been
     * wrong. It may print to stdout. NULL: that is the one. */
    int (*conclude)(void *data, int code);
    /* Frees what data points to; also called if parse() or start() was not. */
    void (*clear)(void *data);
};

struct scan_command {
    const char *name;         /* "virt-df-live" */
    const char *arguments;    /* "[OPTION...] [IMAGE...]" */
    const char *nothing;      /* the message where all lists are empty: "nothing to scan" */
    struct poptOption *table; /* the command's, with common_options_popt in it */
    const struct scan_command_ops *ops;
    struct common_options *options; /* part of data */
    void *data;

    FILE *to;                             /* memory; scan_command_flush() brings it to stdout */
    bool passed;                          /* set by the command: a threshold was passed */
    const struct supervisor_stats *stats; /* for finish(): what the run took */

    /* scan_command_…()'s own */
    char *text;
    size_t length;
    progress *bar;
    uint64_t guests;
    uint64_t started; /* of clock.h */
};

/* The whole run. The exit status; does not return if a signal ended the run. */
int scan_command_main(struct scan_command *self, int argc, char **argv);

/* Hides the progress bar and copies what was written to self->to to stdout. 0 or -1 and *err. */
int scan_command_flush(struct scan_command *self, error **err);
/* Hides the progress bar, then as message(). */
void scan_command_say(struct scan_command *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "GUEST: WHY" or, where part is not NULL, "GUEST: PART: WHY". why has `length` bytes; if 0, the
 * word for status is printed. */
void scan_command_say_failure(struct scan_command *self, const struct guest *guest,
                              const char *part, enum status status, const char *why, size_t length);

#endif
