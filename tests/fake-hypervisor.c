/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-hypervisor.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct fake_script *fake_script;

typedef struct {
    hypervisor base;
    unsigned appliance;
    int channel, events; /* our ends */
    int reports;         /* the worker's socket to the supervisor */
    pid_t qemu;
} fake_hypervisor;

static fake_hypervisor *self_of(hypervisor *base)
{
    return (fake_hypervisor *)(void *)base;
}

/* --- the script --- */

struct fake_script *fake_script_new(void)
{
    void *map =
        mmap(NULL, sizeof *fake_script, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

void fake_script_free(struct fake_script *script)
{
    munmap(script, sizeof *script);
}

static bool act(enum fake_act what)
{
    switch (what) {
    case FAKE_SUCCEED:
        return true;
    case FAKE_FAIL:
        return false;
    case FAKE_STAY:
        for (;;)
            pause();
    case FAKE_VANISH:
        kill(getpid(), SIGKILL);
        break;
    case FAKE_PAUSE:
        raise(SIGSTOP);
        return true;
    }
    return false;
}

bool fake_step(enum fake_point point)
{
    const struct fake_step *step = &fake_script->steps[point];
    unsigned call = atomic_fetch_add(&fake_script->calls[point], 1);
    bool due = call >= step->first && (step->count == 0 || call - step->first < step->count);
    return due ? act(step->act) : true;
}

bool fake_misbehaves(unsigned guest)
{
    unsigned times = fake_script->guests[guest].times;
    return atomic_fetch_add(&fake_script->misbehaved[guest], 1) < times || times == 0;
}

/* --- the operations --- */

static int fail(error **err, const char *what)
{
    return error_set(err, STATUS_CRASHED, "the script says: %s fails", what);
}

/* As QEMU does with -daemonize: it belongs to nobody but the nearest subreaper. */
static void daemonise(int channel, int events)
{
    pid_t self;
    setsid();
    if (fork() != 0)
        _exit(0);
    prctl(PR_SET_NAME, "fake-qemu");
    self = getpid();
    send(events, &self, sizeof self, MSG_NOSIGNAL);
    fake_qemu(channel, events);
}

static int launch(hypervisor *base, const struct domain_spec *spec, int state_fd, error **err)
{
    fake_hypervisor *self = self_of(base);
    int channel[2], events[2];
    (void)spec;
    (void)state_fd;
    self->appliance = atomic_load(&fake_script->calls[FAKE_LAUNCH]);
    if (fake_script->start_delay)
        usleep(fake_script->start_delay);
    if (!fake_step(FAKE_LAUNCH))
        return fail(err, "launch");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events) < 0)
        return error_set_errno(err, STATUS_CRASHED, errno, "socketpair");
    pid_t child = fork();
    if (child == 0) {
        close(channel[0]);
        close(events[0]);
        if (self->reports >= 0)
            close(self->reports);
        daemonise(channel[1], events[1]);
    }
    close(channel[1]);
    close(events[1]);
    self->channel = channel[0];
    self->events = events[0];
    waitpid(child, NULL, 0);
    if (recv(self->events, &self->qemu, sizeof self->qemu, 0) != sizeof self->qemu)
        return fail(err, "QEMU");
    return 0;
}

static int open_channel(hypervisor *base, error **err)
{
    fake_hypervisor *self = self_of(base);
    return fake_step(FAKE_CHANNEL) ? steal_fd(&self->channel) : fail(err, "the channel");
}

static int save(hypervisor *base, int fd, error **err)
{
    (void)base;
    return fake_step(FAKE_SAVE) && write(fd, "state", 5) == 5 ? 0 : fail(err, "save");
}

/* The number that the image begins with. */
static unsigned guest_of(const struct image_chain *chain)
{
    char text[16] = "";
    if (pread(chain->layers[0].fd, text, sizeof text - 1, 0) < 0)
        return 0;
    return (unsigned)strtoul(text, NULL, 10) % FAKE_GUESTS;
}

static void record(const fake_hypervisor *self, unsigned slot, unsigned guest)
{
    unsigned index = atomic_fetch_add(&fake_script->record_count, 1);
    if (index < FAKE_RECORDS)
        fake_script->records[index] = (struct fake_record){self->appliance, slot, guest};
}

static int attach(hypervisor *base, unsigned slot, const struct image_chain *chain,
                  const char *serial, unsigned block_size, error **err)
{
    fake_hypervisor *self = self_of(base);
    struct fake_disk disk = {.attach = true, .slot = slot, .size = chain->size};
    unsigned guest = disk.guest = guest_of(chain);
    const struct fake_guest *script = &fake_script->guests[guest];
    (void)block_size;
    record(self, slot, guest);
    if (script->worker != FAKE_WORKER_HONEST && fake_misbehaves(guest))
        fake_worker_lie(self->reports, guest, script->worker);
    if (script->attach != FAKE_SUCCEED && fake_misbehaves(guest) && !act(script->attach))
        return error_set(err, STATUS_CORRUPT, "the script says: the image is no good");
    if (!fake_step(FAKE_ATTACH))
        return error_set(err, STATUS_CORRUPT, "the script says: the image is no good");
    snprintf(disk.serial, sizeof disk.serial, "%s", serial);
    if (send(self->events, &disk, sizeof disk, MSG_NOSIGNAL) != sizeof disk)
        return fail(err, "QEMU");
    return 0;
}

static int detach(hypervisor *base, unsigned slot, error **err)
{
    struct fake_disk disk = {.attach = false, .slot = slot};
    if (!fake_step(FAKE_DETACH))
        return fail(err, "detach");
    if (send(self_of(base)->events, &disk, sizeof disk, MSG_NOSIGNAL) != sizeof disk)
        return fail(err, "QEMU");
    return 0;
}

static int event_fd(hypervisor *base)
{
    return self_of(base)->events;
}

static struct hypervisor_event next_event(hypervisor *base)
{
    unsigned slot;
    ssize_t got = recv(self_of(base)->events, &slot, sizeof slot, MSG_DONTWAIT);
    if (got == (ssize_t)sizeof slot)
        return (struct hypervisor_event){HYPERVISOR_DISK_REMOVED, slot};
    if (got < 0 && errno == EAGAIN)
        return (struct hypervisor_event){HYPERVISOR_NOTHING, 0};
    return (struct hypervisor_event){HYPERVISOR_ENDED, 0};
}

static void end(hypervisor *base)
{
    fake_hypervisor *self = self_of(base);
    if (self->qemu > 0 && fake_step(FAKE_END))
        kill(self->qemu, SIGKILL);
    self->qemu = 0;
}

static void free_hypervisor(hypervisor *base)
{
    fake_hypervisor *self = self_of(base);
    if (!self)
        return;
    end(base);
    if (self->channel >= 0)
        close(self->channel);
    if (self->events >= 0)
        close(self->events);
    free(self);
}

static const struct hypervisor_ops ops = {
    .launch = launch,
    .open_channel = open_channel,
    .save = save,
    .attach = attach,
    .detach = detach,
    .event_fd = event_fd,
    .next_event = next_event,
    .end = end,
    .free = free_hypervisor,
};

/* A worker that is being started has two sockets: the stream is the one that reports go to. */
static int find_reports(void)
{
    for (int fd = 3; fd < 64; fd++) {
        int type;
        socklen_t length = sizeof type;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM)
            return fd;
    }
    return -1;
}

hypervisor *fake_hypervisor_new(const char *root, hypervisor_trace trace, void *data, error **err)
{
    fake_hypervisor *self = calloc(1, sizeof *self);
    (void)root;
    if (!self || !fake_step(FAKE_NEW)) {
        free(self);
        fail(err, "the hypervisor");
        return NULL;
    }
    *self = (fake_hypervisor){.base = {&ops}, .channel = -1, .events = -1};
    self->reports = find_reports();
    if (trace)
        trace(data, "fake", 0);
    return &self->base;
}
