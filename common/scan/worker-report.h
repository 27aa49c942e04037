/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker tells the supervisor (worker.x). Each of these blocks until it is out: the
 * supervisor always reads, and when it does not, because its own output is slow, the appliance
 * shall wait. 0 or -1: the supervisor has gone. */
#ifndef VLT_WORKER_REPORT_H
#define VLT_WORKER_REPORT_H

#include "wire/frame.h"
#include "wire/worker.h"

struct reports {
    int fd;
    frame_writer *out;
};

int worker_report_send(struct reports *self, const report *message);
/* REPORT_LOG, REPORT_CONSOLE or REPORT_FAILED. */
int worker_report_text(struct reports *self, report_kind kind, const char *text);
int worker_report_outcome(struct reports *self, const outcome *what);
/* The items of `some`, of that guest. */
int worker_report_part(struct reports *self, uint64_t guest, const ls_ret *some);

#endif
