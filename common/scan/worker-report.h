/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker tells the supervisor (worker.x). Each function blocks until the report is sent. The
 * supervisor reads all the time, except while it waits for its own stdout: then the appliance has
 * to wait, too. 0; -1: the supervisor has gone. */
#ifndef VLT_WORKER_REPORT_H
#define VLT_WORKER_REPORT_H

#include "base/error.h"
#include "wire/frame.h"
#include "wire/worker.h"

struct worker_report_stream {
    int fd;
    frame_writer *out;
};

int worker_report_send(struct worker_report_stream *self, const report *message);
/* REPORT_LOG, REPORT_CONSOLE or REPORT_FAILED. */
int worker_report_text(struct worker_report_stream *self, report_kind kind, const char *text);
/* What the agent said about the guest; attaching its disks took so many microseconds. */
int worker_report_answer(struct worker_report_stream *self, uint64_t guest, uint64_t attached,
                         const answer_body *told);
/* The agent is not asked about the guest, because of this error. */
int worker_report_refusal(struct worker_report_stream *self, uint64_t guest, uint64_t attached,
                          const error *why);

#endif
