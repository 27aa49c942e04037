/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints each guest's answer, to stdout and stderr. */
#ifndef VDL_OUTPUT_H
#define VDL_OUTPUT_H

#include "cli/scan-command.h"
#include "form.h"
#include "group-totals.h"
#include "metrics.h"
#include "report.h"

struct output {
    struct df_options options;
    form *form;
    struct totals totals;
    struct totals guest;  /* of the one that is being answered for */
    group_totals *groups; /* --total=owner, --total=directory; NULL: neither was asked for */
    check *check;         /* --check; NULL: it was not asked for */
    metrics *metrics;     /* --metrics; the same */
    report *report;       /* --html; the same */
    uint64_t undecided;   /* rows that --filter could not be applied to */
    bool begun;           /* the heading has been written */
};

/* Of a struct output, all zero at first. */
extern const struct scan_command_ops output_ops;

#endif
