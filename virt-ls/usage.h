/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of virt-ls. */
#ifndef VLS_USAGE_H
#define VLS_USAGE_H

#include "cli/common-options.h"
#include "scan/question-ls.h"

enum ls_form {
    FORM_NAMES, /* one a line; with -R: paths */
    FORM_LONG,  /* -l */
    FORM_TREE,  /* -lR */
    FORM_JSON
};

enum ls_time { TIME_DATE, TIME_T, TIME_RELATIVE, TIME_DAYS };

/* How a file is shown. */
struct ls_style {
    enum ls_form form;
    bool csv, human, uids, times, extra;
    enum ls_time time;
    enum ls_checksum checksum;
    bool many;   /* there may be several guests: paths have their names */
    bool null;   /* lines end in NUL */
    bool escape; /* control characters: stdout is a terminal */
    int64_t now; /* seconds since 1970 */
};

struct ls_options {
    struct common_options common;
    struct ls_style style;
    struct question_ls_asked asked; /* what it points to is owned */
    bool listing, recursive, json;
};

/* 0 or -1 and *err: wrong usage. The caller calls usage_clear() in both cases. */
int usage_parse(struct ls_options *options, int argc, char **argv, error **err);
void usage_clear(struct ls_options *options);

extern struct poptOption usage_table[];
/* Prints the part of --help below the options. */
void usage_help(FILE *to);

#endif
