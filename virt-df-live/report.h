/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --html: a page to look at. What it shows is kept in memory until the run has come to its end. */
#ifndef VDL_REPORT_H
#define VDL_REPORT_H

#include "check.h"
#include "row.h"

/* Filesystems, guests, and failures, at most; of the first two the fullest. */
#define REPORT_MAX 20000

typedef struct report report;

/* Where rows are marked; NULL: at 80 % and at 90 %. NULL: no memory. */
report *report_new(const struct check_limits *limits);
void report_free(report *self); /* NULL is fine */

/* A volume of the guest that report_add_guest() is called for next. 0 or -1: no memory. */
int report_add_volume(report *self, const struct row *row);
/* failure: what none of its volumes explains; NULL: there is nothing. Failed: in whole or in part.
 * 0 or -1: no memory. */
int report_add_guest(report *self, const struct guest_answer *answered, const struct row *failure,
                     bool failed);

/* How the run was made. */
struct report_run {
    uint64_t took;     /* microseconds */
    const char *accel; /* "" where no appliance was needed */
    uint64_t appliances;
    bool as_is; /* --no-recovery */
};

/* Writes the page to a temporary file beside path, and renames it. 0 or -1 and *err; then what was
 * there before is still there. */
int report_write(report *self, const struct report_run *run, const char *path, error **err);

#endif
