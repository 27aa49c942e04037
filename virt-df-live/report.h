/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the run says, to stdout and stderr. */
#ifndef VDL_REPORT_H
#define VDL_REPORT_H

#include "cli/scan-command.h"
#include "usage.h"
#include "writer.h"

typedef struct df_report df_report;

/* options must outlive it. NULL: no memory. */
df_report *report_new(const struct df_options *options);
void report_free(df_report *self);

/* What runs it; still the report's. */
struct scanning *report_scanning(df_report *self);

static inline void cleanup_report(df_report **self)
{
    report_free(*self);
}
#define AUTO_REPORT CLEANUP(cleanup_report)

#endif
