/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of virt-df-live. */
#ifndef VDL_USAGE_H
#define VDL_USAGE_H

#include "check.h"
#include "cli/common-options.h"
#include "cli/row-filter.h"
#include "df-columns.h"

struct df_options {
    struct common_options common;
    scan_args asked; /* config.question's; disks and keys are not set */
    struct style style;
    bool csv, json, noheadings;
    enum total_by total;
    bool output_all;
    bool chosen; /* -o or --output-all was given: choice is valid */
    struct column_choice choice;
    bool threshold; /* --fail-above */
    unsigned fail_above;
    bool checking; /* --check, also where its value is wrong */
    struct check_limits check;
    char *metrics; /* --metrics; owned */
    char *html;    /* --html; owned */
    struct row_order order;
    row_filter *filter; /* --filter; owned */
};

/* 0 or -1 and *err: wrong usage. The caller calls common_options_clear(&options->common) in both
 * cases. */
int usage_parse(struct df_options *options, int argc, char **argv, error **err);

extern struct poptOption usage_table[];
/* Prints the part of --help below the options. */
void usage_help(FILE *to);

#endif
