/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process behind a fake hypervisor: QEMU, and the agent in it. */
#include "fake-hypervisor.h"

#include "frame.h"
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

struct qemu {
    int channel, events;
    struct fake_disk disks[SLOT_COUNT];
};

static void mistake(void)
{
    atomic_fetch_add(&fake_script->mistakes, 1);
}

/* A disk comes or goes. Whether there was one to hear of. */
static bool hear_of_disk(struct qemu *self)
{
    struct fake_disk disk;
    ssize_t got = recv(self->events, &disk, sizeof disk, MSG_DONTWAIT);
    if (got == 0)
        _exit(0); /* ended */
    if (got != sizeof disk)
        return false;
    if (disk.slot >= SLOT_COUNT || self->disks[disk.slot].attach == disk.attach) {
        mistake();
        return true;
    }
    if (!disk.attach && fake_step(FAKE_REMOVE)) {
        self->disks[disk.slot].attach = false;
        send(self->events, &disk.slot, sizeof disk.slot, MSG_NOSIGNAL);
    }
    if (disk.attach && fake_step(FAKE_APPEAR))
        self->disks[disk.slot] = disk;
    return true;
}

/* As the real agent: it answers when the very disks are there, and waits otherwise. */
static bool all_there(const struct qemu *self, const scan_args *args)
{
    for (u_int i = 0; i < args->disks.disks_len; i++) {
        const disk *asked = &args->disks.disks_val[i];
        const struct fake_disk *disk = &self->disks[asked->slot % SLOT_COUNT];
        if (!disk->attach || disk->size != asked->size ||
            strlen(disk->serial) != asked->serial.serial_len ||
            memcmp(disk->serial, asked->serial.serial_val, asked->serial.serial_len) != 0)
            return false;
    }
    return args->disks.disks_len > 0;
}

/* It talks to nobody any more, and lives on until somebody kills it. */
static _Noreturn void linger(void)
{
    for (;;)
        pause();
}

static void on_scan(struct qemu *self, const request *asked)
{
    const scan_args *args = &asked->body.request_body_u.scan;
    enum fake_scan how = FAKE_OK;
    while (hear_of_disk(self))
        ;
    if (!all_there(self, args)) {
        if (fake_script->steps[FAKE_APPEAR].act == FAKE_SUCCEED)
            mistake();
        return;
    }
    unsigned guest = self->disks[args->disks.disks_val[0].slot].guest;
    atomic_fetch_add(&fake_script->scans[guest], 1);
    if (fake_script->delay)
        usleep(fake_script->delay);
    if (fake_script->guests[guest].scan != FAKE_OK && fake_misbehaves(guest))
        how = fake_script->guests[guest].scan;
    fake_answer_scan(self->channel, asked, how, guest);
    if (how == FAKE_HANG || how == FAKE_HALF || how == FAKE_CLOSE)
        linger();
}

static void on_request(struct qemu *self, const request *asked)
{
    switch (asked->body.op) {
    case OP_HELLO:
        if (fake_step(FAKE_HELLO))
            fake_answer_other(self->channel, asked, "");
        break;
    case OP_SCAN:
        on_scan(self, asked);
        break;
    case OP_GONE:
        while (hear_of_disk(self))
            ;
        fake_answer_other(self->channel, asked, fake_step(FAKE_GONE) ? "" : "it does not go");
        break;
    case OP_PREPARE:
        fake_answer_other(self->channel, asked, "");
        break;
    }
}

static void on_channel(struct qemu *self, frame_reader *reader)
{
    const void *body;
    size_t length;
    int got = frame_reader_fill(reader, self->channel);
    if (got <= 0)
        linger();
    frame_reader_called(reader, (size_t)got);
    while (frame_reader_next(reader, &body, &length) > 0) {
        request asked = {0};
        if (frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, length) == 0)
            on_request(self, &asked);
        else
            mistake();
        xdr_free((xdrproc_t)xdr_request, &asked);
    }
}

void fake_qemu(int channel, int events)
{
    static struct qemu self;
    frame_reader *reader = frame_reader_new();
    self.channel = channel;
    self.events = events;
    alarm(120); /* should a test fail to end it */
    for (;;) {
        struct pollfd fds[] = {{events, POLLIN, 0}, {channel, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents)
            hear_of_disk(&self);
        if (fds[1].revents)
            on_channel(&self, reader);
    }
}
