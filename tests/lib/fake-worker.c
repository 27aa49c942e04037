/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker that an image has taken over. */
#include "fake-hypervisor.h"

#include "wire/frame.h"
#include "wire/worker.h"
#include <string.h>

static void send_report(int fd, const report *message)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    if (frame_encode((xdrproc_t)xdr_report, message, &frame, &length) == 0)
        fake_send(fd, (char *)frame + FRAME_HEADER, length - FRAME_HEADER);
}

static void send_answer(int fd, uint64_t guest, op op, int status)
{
    report message = {.kind = REPORT_ANSWER};
    message.report_u.answer = (answer_report){.guest = guest, .body = {.op = op}};
    if (op == OP_SCAN)
        message.report_u.answer.body.answer_body_u.scan.status = (enum status)status;
    send_report(fd, &message);
}

static void send_refusal(int fd, uint64_t guest, int status)
{
    report message = {.kind = REPORT_REFUSAL};
    message.report_u.refusal = (refusal_report){.guest = guest, .status = (enum status)status};
    send_report(fd, &message);
}

int fake_worker_socket(int type)
{
    for (int fd = 3; fd < 64; fd++) {
        int found;
        socklen_t length = sizeof found;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &length) == 0 && found == type)
            return fd;
    }
    return -1;
}

/* It has answered, and will be given more; and it is faster than anybody can hear. */
static _Noreturn void flood(int orders, int reports, unsigned guest)
{
    static char bytes[1 << 18];
    AUTO_FREE void *frame = NULL;
    size_t length, filled = 0;
    report message = {.kind = REPORT_LOG};
    message.report_u.log.log_val = (char *)(uintptr_t) "x";
    message.report_u.log.log_len = 1;
    if (frame_encode((xdrproc_t)xdr_report, &message, &frame, &length) < 0)
        _exit(1);
    for (; filled + length <= sizeof bytes; filled += length)
        memcpy(bytes + filled, frame, length);
    shutdown(orders, SHUT_RDWR);
    send_answer(reports, guest, OP_SCAN, 0);
    while (write(reports, bytes, filled) > 0)
        ;
    _exit(1);
}

void fake_worker_lie(int orders, int reports, unsigned guest, enum fake_worker how)
{
    switch (how) {
    case FAKE_WORKER_EARLY:
        send_answer(reports, guest, OP_SCAN, 0);
        break;
    case FAKE_WORKER_STATUS:
        send_answer(reports, guest, OP_SCAN, 99);
        break;
    case FAKE_WORKER_OTHER:
        send_answer(reports, guest + 1000000, OP_SCAN, 0);
        break;
    case FAKE_WORKER_GARBAGE:
        fake_send(reports, "\xff\xff\xff\xff", 4);
        break;
    case FAKE_WORKER_HUGE:
        if (write(reports, "\xff\xff\xff\xff", 4) < 0)
            _exit(1);
        break;
    case FAKE_WORKER_READY:
        send_report(reports, &(report){.kind = REPORT_READY});
        break;
    case FAKE_WORKER_EMPTIED:
        send_report(reports, &(report){.kind = REPORT_EMPTIED});
        break;
    case FAKE_WORKER_SAVED:
        send_report(reports, &(report){.kind = REPORT_SAVED});
        break;
    case FAKE_WORKER_FAILED:
        send_report(reports, &(report){.kind = REPORT_FAILED});
        break;
    case FAKE_WORKER_PART:
        send_answer(reports, guest, OP_LS, 0);
        break;
    case FAKE_WORKER_REFUSAL:
        send_refusal(reports, guest, STATUS_OK);
        break;
    case FAKE_WORKER_ENDED:
        _exit(0);
    case FAKE_WORKER_FLOOD:
        flood(orders, reports, guest);
    case FAKE_WORKER_HONEST:
    case FAKE_WORKER_LINGER:
        break;
    }
}
