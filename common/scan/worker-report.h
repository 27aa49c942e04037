/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker tells the supervisor (worker.x). Each of these blocks until it is out: the
 * supervisor always reads, and when it does not, because its own output is slow, the appliance
 * shall wait. 0 or -1: the supervisor has gone. */
#ifndef VLT_WORKER_REPORT_H
#define VLT_WORKER_REPORT_H

#include "base/error.h"
#include "wire/frame.h"
#include "wire/worker.h"

struct reports {
    int fd;
    frame_writer *out;
};

int worker_report_send(struct reports *self, const report *message);
/* REPORT_LOG, REPORT_CONSOLE or REPORT_FAILED. */
int worker_report_text(struct reports *self, report_kind kind, const char *text);
/* What the agent said about the guest; attaching its disks took so many microseconds. */
int worker_report_answer(struct reports *self, uint64_t guest, uint64_t attached,
                         const answer_body *told);
/* The agent is not asked about the guest, for this reason. */
int worker_report_refusal(struct reports *self, uint64_t guest, uint64_t attached,
                          const error *why);

#endif
