/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the run says, to stdout and stderr. */
#ifndef VLS_REPORT_H
#define VLS_REPORT_H

#include "cli/scan-command.h"
#include "form.h"

typedef struct ls_report ls_report;

/* options must outlive it. NULL: no memory. */
ls_report *report_new(const struct ls_options *options);
void report_free(ls_report *self);

/* What runs it; still the report's. */
struct scanning *report_scanning(ls_report *self);

static inline void cleanup_report(ls_report **self)
{
    report_free(*self);
}
#define AUTO_REPORT CLEANUP(cleanup_report)

#endif
