/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process behind a fake hypervisor: QEMU, and the agent in it. */
#include "fake-hypervisor.h"

#include "wire/frame.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MAX_MONITORS 8

/* A disk as the agent knows it: `disk.attach` says whether it is there. */
struct seen {
    struct fake_disk disk;
    bool named;
    char label[MAX_SLOT_LABEL + 1];
};

struct qemu {
    struct fake_machine *machine;
    int channel; /* -1: no host */
    int monitors[MAX_MONITORS];
    size_t monitor_count;
    int listeners[2]; /* by enum fake_socket; -1: no other process connects */
    frame_reader *reader;
    bool renewed; /* by the host that is there */
    bool over;    /* it was told that it is asked nothing else */
    struct seen disks[SLOT_COUNT];
};

static void mistake(void)
{
    atomic_fetch_add(&fake_script->mistakes, 1);
}

static const char *console;

void fake_panic(void)
{
    static const char words[] = "booted\r\n" FAKE_LAST_WORDS "\r\n";
    AUTO_FD int fd = open(console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, words, sizeof words - 1) < 0)
        mistake();
    _exit(0);
}

/* --- the monitor --- */

static void remove_disk(struct qemu *self, unsigned slot)
{
    if (!fake_step(FAKE_REMOVE))
        return;
    self->disks[slot] = (struct seen){0};
    self->machine->held[slot].device = false;
    for (size_t i = 0; i < self->monitor_count; i++)
        send(self->monitors[i], &slot, sizeof slot, MSG_NOSIGNAL);
}

static _Noreturn void succumb(enum fake_act how)
{
    if (how == FAKE_VANISH)
        kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* The device and its serial stay. */
static void replace_disk(struct fake_disk *disk, const struct fake_disk *next)
{
    if (!disk->attach)
        mistake();
    disk->size = next->size;
    disk->guest = next->guest;
    disk->replaced++;
}

static void on_disk(struct qemu *self, const struct fake_disk *disk)
{
    if (disk->slot >= SLOT_COUNT ||
        (!disk->replace && self->disks[disk->slot].disk.attach == disk->attach))
        mistake();
    else if (!disk->attach)
        remove_disk(self, disk->slot);
    else if (fake_script->guests[disk->guest].appear != FAKE_SUCCEED &&
             fake_misbehaves(disk->guest))
        succumb(fake_script->guests[disk->guest].appear);
    else if (disk->replace)
        replace_disk(&self->disks[disk->slot].disk, disk);
    else if (fake_step(FAKE_APPEAR))
        self->disks[disk->slot] = (struct seen){.disk = *disk};
}

/* That host has gone. One that is not kept ends with its host. */
static void drop_monitor(struct qemu *self, size_t index)
{
    if (!atomic_load(&self->machine->kept))
        _exit(0);
    close(self->monitors[index]);
    self->monitors[index] = self->monitors[--self->monitor_count];
}

/* A disk comes or goes. Whether there was one to hear of. */
static bool hear_of_disk(struct qemu *self)
{
    for (size_t i = 0; i < self->monitor_count; i++) {
        struct fake_disk disk;
        ssize_t got = recv(self->monitors[i], &disk, sizeof disk, MSG_DONTWAIT);
        if (got == sizeof disk)
            on_disk(self, &disk);
        else if (got == 0)
            drop_monitor(self, i);
        else
            continue;
        return true;
    }
    return false;
}

static void add_monitor(struct qemu *self, int fd)
{
    if (self->monitor_count == MAX_MONITORS || fd < 0) {
        mistake();
        return;
    }
    self->monitors[self->monitor_count++] = fd;
    send(fd, "", 1, MSG_NOSIGNAL); /* it is there */
}

/* --- the agent --- */

static bool is_there(const struct qemu *self, const disk *asked)
{
    const struct fake_disk *disk = &self->disks[asked->slot % SLOT_COUNT].disk;
    return disk->attach && disk->size == asked->size && disk->replaced == asked->replaced &&
           strlen(disk->serial) == asked->serial.serial_len &&
           memcmp(disk->serial, asked->serial.serial_val, asked->serial.serial_len) == 0;
}

/* As the real agent: it answers when the very disks are there, and waits otherwise. */
static bool all_there(const struct qemu *self, const scan_args *args)
{
    for (u_int i = 0; i < args->disks.disks_len; i++)
        if (!is_there(self, &args->disks.disks_val[i]))
            return false;
    return args->disks.disks_len > 0;
}

/* It answers no more, and lives on until it is killed. */
static _Noreturn void linger(void)
{
    for (;;)
        pause();
}

/* The agent waits for it, for ever. */
static void not_there(void)
{
    if (fake_script->steps[FAKE_APPEAR].act == FAKE_SUCCEED)
        mistake();
}

static void on_scan(struct qemu *self, const request *asked)
{
    const scan_args *args = &asked->body.request_body_u.scan;
    enum fake_scan how = FAKE_OK;
    if (!all_there(self, args)) {
        not_there();
        return;
    }
    unsigned guest = self->disks[args->disks.disks_val[0].slot].disk.guest;
    atomic_fetch_add(&fake_script->scans[guest], 1);
    self->over = args->last;
    atomic_fetch_add(&fake_script->lasts, args->last);
    if (fake_script->delay)
        usleep(fake_script->delay);
    if (fake_script->guests[guest].scan != FAKE_OK && fake_misbehaves(guest))
        how = fake_script->guests[guest].scan;
    fake_answer_scan(self->channel, asked, how, guest);
    if (how == FAKE_HANG || how == FAKE_HALF || how == FAKE_CLOSE)
        linger();
}

static void on_ls(struct qemu *self, const request *asked)
{
    scan_args args = {.disks = {asked->body.request_body_u.ls.disks.disks_len,
                                asked->body.request_body_u.ls.disks.disks_val}};
    if (!all_there(self, &args)) {
        not_there();
        return;
    }
    unsigned guest = self->disks[args.disks.disks_val[0].slot].disk.guest;
    const struct fake_listing *listing = &fake_script->guests[guest].ls;
    bool honest = listing->how == FAKE_LS_OK || !fake_misbehaves(guest);
    atomic_fetch_add(&fake_script->scans[guest], 1);
    while (atomic_load(&fake_script->listings) < listing->after)
        usleep(1000);
    /* Now: with the last of them, this process may be ended. */
    atomic_fetch_add(&fake_script->listings, 1);
    fake_answer_ls(self->channel, asked, listing, honest, guest);
    if (!honest && (listing->how == FAKE_LS_HANG || listing->how == FAKE_LS_CLOSE))
        linger();
}

static pid_t host_of(const struct qemu *self)
{
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    getsockopt(self->channel, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    return peer.pid;
}

/* The slot of another disk with that label, or -1. */
static int label_taken(const struct qemu *self, const name_args *args)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (slot != args->disk.slot && args->label.label_len > 0 &&
            strlen(self->disks[slot].label) == args->label.label_len &&
            memcmp(self->disks[slot].label, args->label.label_val, args->label.label_len) == 0)
            return (int)slot;
    return -1;
}

static const char *name_disk(struct qemu *self, const name_args *args)
{
    struct seen *seen = &self->disks[args->disk.slot];
    if (label_taken(self, args) >= 0)
        return "another disk has that label";
    if (!fake_step(FAKE_NAME))
        return "the script says: no name";
    seen->named = true;
    snprintf(seen->label, sizeof seen->label, "%.*s", (int)args->label.label_len,
             args->label.label_len ? args->label.label_val : "");
    return "";
}

static void on_name(struct qemu *self, const request *asked)
{
    const name_args *args = &asked->body.request_body_u.name;
    if (!is_there(self, &args->disk))
        not_there();
    else if (fake_step_of_host(FAKE_HOST_NAMES, host_of(self))) {
        const char *message = name_disk(self, args);
        if (fake_step_of_host(FAKE_HOST_NAMED, host_of(self)))
            fake_answer_other(self->channel, asked, message);
    }
}

static const char *release_disk(struct qemu *self, const release_args *args)
{
    struct seen *seen = &self->disks[args->slot % SLOT_COUNT];
    if (args->slot >= SLOT_COUNT || !seen->disk.attach)
        return "there is no such disk";
    if (!fake_step(FAKE_RELEASE) && !args->force)
        return "the script says: it is mounted";
    seen->named = false;
    seen->label[0] = 0;
    return "";
}

static void on_release(struct qemu *self, const request *asked)
{
    if (!fake_step_of_host(FAKE_HOST_RELEASES, host_of(self)))
        return;
    const char *message = release_disk(self, &asked->body.request_body_u.release);
    if (fake_step_of_host(FAKE_HOST_RELEASED, host_of(self)))
        fake_answer_other(self->channel, asked, message);
}

static void on_gone(struct qemu *self, const request *asked)
{
    if (!fake_step_of_host(FAKE_HOST_ASKS_GONE, host_of(self)))
        return;
    const char *message = fake_step(FAKE_GONE) ? "" : "it does not go";
    if (fake_step_of_host(FAKE_HOST_KNOWS_GONE, host_of(self)))
        fake_answer_other(self->channel, asked, message);
}

static void on_keep(struct qemu *self, const request *asked)
{
    bool keeps = fake_step(FAKE_KEEP);
    self->machine->idle = asked->body.request_body_u.keep.idle;
    if (keeps)
        atomic_store(&self->machine->kept, true);
    fake_answer_other(self->channel, asked, keeps ? "" : "the script says: no");
}

static void on_list(struct qemu *self, const request *asked)
{
    struct listed disks[SLOT_COUNT];
    u_int count = 0;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        struct seen *seen = &self->disks[slot];
        /* Nothing has been put behind a reserved device yet: only machines without any are asked,
         * but for a test. */
        if (!seen->disk.attach || seen->disk.size == 0)
            continue;
        struct listed *entry = &disks[count++];
        *entry =
            (struct listed){.disk = {.slot = slot, .size = seen->disk.size}, .named = seen->named};
        entry->disk.serial.serial_val = seen->disk.serial;
        entry->disk.serial.serial_len = (u_int)strlen(seen->disk.serial);
        entry->label.label_val = seen->label;
        entry->label.label_len = (u_int)strlen(seen->label);
    }
    if (!fake_step(FAKE_LIST)) {
        disks[0].disk.slot = SLOT_COUNT;
        count += count == 0;
    }
    fake_answer_list(self->channel, asked, disks, count);
}

static void on_request(struct qemu *self, const request *asked)
{
    while (hear_of_disk(self))
        ;
    /* A host may have been killed before it was answered, so its renewal is not the next one's. */
    if ((!self->renewed && asked->body.op != OP_HELLO && asked->body.op != OP_RENEW) || self->over)
        mistake();
    switch (asked->body.op) {
    case OP_HELLO:
        self->renewed = false;
        if (fake_step(FAKE_HELLO))
            fake_answer_other(self->channel, asked, "");
        break;
    case OP_SCAN:
        on_scan(self, asked);
        break;
    case OP_GONE:
        on_gone(self, asked);
        break;
    case OP_PREPARE:
        fake_answer_other(self->channel, asked, "");
        break;
    case OP_KEEP:
        on_keep(self, asked);
        break;
    case OP_NAME:
        on_name(self, asked);
        break;
    case OP_RELEASE:
        on_release(self, asked);
        break;
    case OP_LIST:
        on_list(self, asked);
        break;
    case OP_LS:
        on_ls(self, asked);
        break;
    case OP_RENEW:
        self->renewed = fake_step(FAKE_RENEW);
        fake_answer_other(self->channel, asked, self->renewed ? "" : "the clock: no");
        break;
    case OP_REPLAY:
        mistake();
    }
}

static void drop_host(struct qemu *self)
{
    if (!atomic_load(&self->machine->kept)) {
        if (self->listeners[FAKE_SOCKET_AGENT] >= 0)
            _exit(0); /* the real one waits for 3 s */
        linger();
    }
    close(self->channel);
    self->channel = -1;
    frame_reader_reset(self->reader);
}

static void on_channel(struct qemu *self)
{
    const void *body;
    size_t length;
    int got = frame_reader_fill(self->reader, self->channel);
    if (got <= 0) {
        drop_host(self);
        return;
    }
    frame_reader_called(self->reader, (size_t)got);
    while (self->channel >= 0 && frame_reader_next(self->reader, &body, &length) > 0) {
        request asked = {0};
        if (frame_decode((xdrproc_t)xdr_request, &asked, sizeof asked, body, length) == 0)
            on_request(self, &asked);
        else
            mistake();
        xdr_free((xdrproc_t)xdr_request, &asked);
    }
}

/* --- the process --- */

static int listen_at(enum fake_socket which)
{
    struct sockaddr_un address;
    socklen_t length = fake_address(getpid(), which, &address);
    int type = which == FAKE_SOCKET_MONITOR ? SOCK_SEQPACKET : SOCK_STREAM;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 16) < 0)
        mistake();
    return fd;
}

/* As QEMU's sockets: any number of monitors, but one host at a time. */
static void serve(struct qemu *self)
{
    struct pollfd fds[3 + MAX_MONITORS] = {
        {self->channel, POLLIN, 0},
        {self->listeners[FAKE_SOCKET_MONITOR], POLLIN, 0},
        {self->channel < 0 ? self->listeners[FAKE_SOCKET_AGENT] : -1, POLLIN, 0},
    };
    for (size_t i = 0; i < self->monitor_count; i++)
        fds[3 + i] = (struct pollfd){self->monitors[i], POLLIN, 0};
    if (poll(fds, 3 + self->monitor_count, -1) < 0)
        return;
    if (fds[1].revents)
        add_monitor(self, accept(fds[1].fd, NULL, NULL));
    if (fds[2].revents)
        self->channel = accept(fds[2].fd, NULL, NULL);
    hear_of_disk(self);
    if (fds[0].revents)
        on_channel(self);
}

static void add_reserved(struct qemu *self)
{
    for (unsigned slot = 0; slot < self->machine->reserved; slot++) {
        struct fake_disk *disk = &self->disks[slot].disk;
        *disk = (struct fake_disk){.attach = true, .slot = slot};
        snprintf(disk->serial, sizeof disk->serial, "%s", RESERVED_SERIAL);
    }
}

void fake_qemu(struct fake_machine *machine, int channel, int events, bool listens)
{
    static struct qemu self;
    self.machine = machine;
    console = machine->console;
    self.reader = frame_reader_new();
    self.channel = channel;
    add_reserved(&self);
    self.listeners[FAKE_SOCKET_MONITOR] = listens ? listen_at(FAKE_SOCKET_MONITOR) : -1;
    self.listeners[FAKE_SOCKET_AGENT] = listens ? listen_at(FAKE_SOCKET_AGENT) : -1;
    add_monitor(&self, events);
    alarm(120); /* should a test fail to end it */
    for (;;)
        serve(&self);
}
