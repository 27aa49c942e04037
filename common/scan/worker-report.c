/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-report.h"

#include <poll.h>
#include <stdint.h>
#include <string.h>

int worker_report_send(struct reports *self, const report *message)
{
    int result = frame_writer_put(self->out, (xdrproc_t)xdr_report, message);
    while (result == 0 && (result = frame_writer_flush(self->out, self->fd)) == 1) {
        poll(&(struct pollfd){self->fd, POLLOUT, 0}, 1, -1);
        result = 0;
    }
    return result < 0 ? -1 : 0;
}

int worker_report_text(struct reports *self, report_kind kind, const char *text)
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

int worker_report_outcome(struct reports *self, const outcome *what)
{
    report message = {.kind = REPORT_OUTCOME};
    message.report_u.outcome = *what;
    return worker_report_send(self, &message);
}

int worker_report_part(struct reports *self, uint64_t guest, const ls_ret *some)
{
    report message = {.kind = REPORT_PART};
    message.report_u.part.guest = guest;
    message.report_u.part.items.items_len = some->items.items_len;
    message.report_u.part.items.items_val = some->items.items_val;
    return worker_report_send(self, &message);
}
