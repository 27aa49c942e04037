/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the run says, to stdout and stderr: the supervisor's client. */
#ifndef VDL_REPORT_H
#define VDL_REPORT_H

#include "usage.h"
#include "writer.h"

typedef struct df_report df_report;

/* options must outlive it. NULL: no memory. */
df_report *report_new(const struct df_options *options);
void report_free(df_report *self);

struct supervisor_client report_client(df_report *self);

/* After the last answer: the heading if there was no row, the sum, the table. 0 or -1 and *err. */
int report_finish(df_report *self, error **err);

/* The progress bar is not drawn any more. */
void report_quiet(df_report *self);

uint64_t report_guests(const df_report *self);
bool report_failed(const df_report *self); /* some guest did not answer */
bool report_passed(const df_report *self); /* a filesystem is fuller than --fail-above */

static inline void cleanup_report(df_report **self)
{
    report_free(*self);
}
#define AUTO_REPORT CLEANUP(cleanup_report)

#endif
