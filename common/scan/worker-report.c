/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-report.h"
#include "wire/status.h"

#include <poll.h>
#include <stdint.h>
#include <string.h>

int worker_report_send(struct worker_report_stream *self, const report *message)
{
    int result = frame_writer_put(self->out, (xdrproc_t)xdr_report, message);
    while (result == 0 && (result = frame_writer_flush(self->out, self->fd)) == 1) {
        poll(&(struct pollfd){self->fd, POLLOUT, 0}, 1, -1);
        result = 0;
    }
    return result < 0 ? -1 : 0;
}

int worker_report_text(struct worker_report_stream *self, report_kind kind, const char *text)
{
    report message = {.kind = kind};
    size_t whole = strlen(text);
    u_int length = whole < MAX_MESSAGE ? (u_int)whole : MAX_MESSAGE;
    if (kind == REPORT_LOG) {
        message.report_u.log.log_len = length;
        message.report_u.log.log_val = (char *)(uintptr_t)text;
    } else if (kind == REPORT_CONSOLE) {
        message.report_u.console.console_len = length;
        message.report_u.console.console_val = (char *)(uintptr_t)text;
    } else {
        message.report_u.failed.failed_len = length;
        message.report_u.failed.failed_val = (char *)(uintptr_t)text;
    }
    return worker_report_send(self, &message);
}

int worker_report_answer(struct worker_report_stream *self, uint64_t guest, uint64_t attached,
                         const answer_body *told)
{
    report message = {.kind = REPORT_ANSWER};
    message.report_u.answer = (answer_report){guest, attached, *told};
    return worker_report_send(self, &message);
}

int worker_report_refusal(struct worker_report_stream *self, uint64_t guest, uint64_t attached,
                          const error *why)
{
    report message = {.kind = REPORT_REFUSAL};
    refusal_report *refusal = &message.report_u.refusal;
    const char *text = error_message(why);
    *refusal = (refusal_report){guest, attached, status_of_error(error_kind(why)), {0}};
    refusal->message.message_val = (char *)(uintptr_t)text;
    refusal->message.message_len = (u_int)strnlen(text, MAX_MESSAGE);
    return worker_report_send(self, &message);
}
