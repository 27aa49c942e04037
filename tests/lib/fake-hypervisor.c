/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-hypervisor.h"

#include "wire/port-name.h"
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct fake_script *fake_script;

typedef struct {
    hypervisor base;
    unsigned appliance;
    int channel, events;          /* our ends */
    int orders, reports;          /* the worker's sockets to the supervisor */
    bool lingers;                 /* it does not end where it should */
    struct fake_machine *machine; /* NULL: none */
    bool ended;
    bool mapped; /* the machine is not one of the script's */
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

/* Counts the call. What is to be done at it. */
static enum fake_act due(enum fake_point point)
{
    const struct fake_step *step = &fake_script->steps[point];
    unsigned call = atomic_fetch_add(&fake_script->calls[point], 1);
    bool now = call >= step->first && (step->count == 0 || call - step->first < step->count);
    return now ? step->act : FAKE_SUCCEED;
}

bool fake_step(enum fake_point point)
{
    return act(due(point));
}

bool fake_step_of_host(enum fake_point point, pid_t host)
{
    enum fake_act what = due(point);
    if (what == FAKE_VANISH)
        kill(host, SIGKILL);
    if (what == FAKE_PAUSE)
        kill(host, SIGSTOP);
    return what == FAKE_SUCCEED || what == FAKE_PAUSE;
}

bool fake_misbehaves(unsigned guest)
{
    unsigned times = fake_script->guests[guest].times;
    return atomic_fetch_add(&fake_script->misbehaved[guest], 1) < times || times == 0;
}

/* --- machines --- */

struct fake_machine *fake_machine_find(const char *uuid)
{
    for (size_t i = FAKE_MACHINES; i-- > 0;) {
        struct fake_machine *machine = &fake_script->machines[i];
        if (atomic_load(&machine->used) && strcmp(machine->uuid, uuid) == 0)
            return machine;
    }
    return NULL;
}

void fake_machines_end(void)
{
    for (size_t i = 0; i < FAKE_MACHINES; i++)
        if (fake_script->machines[i].pid > 0) {
            kill(fake_script->machines[i].pid, SIGKILL);
            waitpid(fake_script->machines[i].pid, NULL, 0);
        }
}

/* A place for one: in the script where others shall find it. */
static int place_machine(fake_hypervisor *self, const struct machine_spec *spec, error **err)
{
    self->mapped = !spec->settings;
    for (size_t i = 0; spec->settings && !self->machine && i < FAKE_MACHINES; i++)
        if (!atomic_exchange(&fake_script->machines[i].used, true))
            self->machine = &fake_script->machines[i];
    if (self->mapped) {
        void *map = mmap(NULL, sizeof *self->machine, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        self->machine = map == MAP_FAILED ? NULL : map;
    }
    if (!self->machine)
        return error_set(err, ERROR_APPLIANCE, "no room for another machine");
    snprintf(self->machine->uuid, sizeof self->machine->uuid, "%s", spec->uuid ? spec->uuid : "");
    snprintf(self->machine->console, sizeof self->machine->console, "%s",
             spec->console_path ? spec->console_path : "");
    if (spec->settings)
        self->machine->settings = *spec->settings;
    self->machine->reserved = spec->reserved;
    for (unsigned slot = 0; slot < spec->reserved; slot++)
        self->machine->held[slot].device = true;
    return 0;
}

socklen_t fake_address(pid_t machine, enum fake_socket which, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "vlt-fake-%d-%d",
                          (int)machine, (int)which);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

/* -1: it has ended. */
static int connect_to(const struct fake_machine *machine, enum fake_socket which)
{
    struct sockaddr_un address;
    socklen_t length = fake_address(machine->pid, which, &address);
    int type = which == FAKE_SOCKET_MONITOR ? SOCK_SEQPACKET : SOCK_STREAM;
    AUTO_FD int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) < 0)
        return -1;
    return steal_fd(&fd);
}

/* --- the operations --- */

static int fail(error **err, const char *what)
{
    return error_set(err, ERROR_APPLIANCE, "the script says: %s fails", what);
}

/* As QEMU does with -daemonize: the nearest subreaper becomes its parent. */
static void daemonise(fake_hypervisor *self, int channel, int events)
{
    setsid();
    if (fork() != 0)
        _exit(0);
    prctl(PR_SET_NAME, "fake-qemu");
    self->machine->pid = getpid();
    fake_qemu(self->machine, channel, events, !self->mapped);
}

static int start(fake_hypervisor *self, const int channel[2], const int events[2])
{
    char ready;
    pid_t child = fork();
    if (child == 0) {
        close(channel[0]);
        close(events[0]);
        if (self->reports >= 0)
            close(self->reports);
        daemonise(self, channel[1], events[1]);
    }
    close(channel[1]);
    close(events[1]);
    self->channel = channel[0];
    self->events = events[0];
    waitpid(child, NULL, 0);
    return recv(self->events, &ready, sizeof ready, 0) == sizeof ready ? 0 : -1;
}

static void prepare(hypervisor *base, const struct architecture *architecture, const char *accel)
{
    (void)base, (void)architecture, (void)accel;
    atomic_fetch_add(&fake_script->prepared, 1);
}

static int launch(hypervisor *base, const struct machine_spec *spec, int state_fd, error **err)
{
    fake_hypervisor *self = self_of(base);
    int channel[2], events[2];
    (void)state_fd;
    self->appliance = atomic_fetch_add(&fake_script->appliances, 1);
    if (fake_script->start_delay)
        usleep(fake_script->start_delay);
    if (!fake_step(FAKE_LAUNCH))
        return fail(err, "launch");
    if (place_machine(self, spec, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events) < 0)
        return error_set_errno(err, ERROR_APPLIANCE, errno, "socketpair");
    return start(self, channel, events) < 0 ? fail(err, "QEMU") : 0;
}

static int find(hypervisor *base, const char *uuid, error **err)
{
    fake_hypervisor *self = self_of(base);
    char ready;
    if (!fake_step(FAKE_FIND))
        return fail(err, "find");
    struct fake_machine *machine = fake_machine_find(uuid);
    AUTO_FD int fd = machine ? connect_to(machine, FAKE_SOCKET_MONITOR) : -1;
    if (fd < 0 || recv(fd, &ready, sizeof ready, 0) != sizeof ready)
        return 1;
    self->machine = machine;
    self->events = steal_fd(&fd);
    return 0;
}

static int settings(hypervisor *base, struct launch_settings *settings, error **err)
{
    *settings = self_of(base)->machine->settings;
    return settings->slots > 0 ? 0 : error_set(err, ERROR_REFUSED, "it was not to be kept");
}

static int open_port(hypervisor *base, const char *name, error **err)
{
    fake_hypervisor *self = self_of(base);
    if (!fake_step(FAKE_CHANNEL))
        return fail(err, "the channel");
    if (strcmp(name, AGENT_PORT_NAME) != 0)
        return error_set(err, ERROR_APPLIANCE, "the fake has no port %s", name);
    if (self->channel >= 0)
        return steal_fd(&self->channel);
    int fd = connect_to(self->machine, FAKE_SOCKET_AGENT);
    return fd < 0 ? error_set_errno(err, ERROR_APPLIANCE, errno, "connect") : fd;
}

static int save(hypervisor *base, int fd, error **err)
{
    (void)base;
    return fake_step(FAKE_SAVE) && write(fd, "state", 5) == 5 ? 0 : fail(err, "save");
}

static void keep_capabilities(hypervisor *base, const char *directory)
{
    (void)base;
    mkdir(directory, 0755);
}

static bool probed(hypervisor *base)
{
    (void)base;
    return false;
}

/* The number that the image begins with. */
static unsigned guest_of(const struct image_chain *chain)
{
    char text[16] = "";
    if (chain->nbd_export)
        return (unsigned)strtoul(chain->nbd_export, NULL, 10) % FAKE_GUESTS;
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

/* What the scripts of the guest and of this call say about it. */
static int follow_script(fake_hypervisor *self, unsigned slot, unsigned guest, error **err)
{
    const struct fake_guest *script = &fake_script->guests[guest];
    record(self, slot, guest);
    if (script->worker != FAKE_WORKER_HONEST && fake_misbehaves(guest))
        fake_worker_lie(self->orders, self->reports, guest, script->worker);
    self->lingers |= script->worker == FAKE_WORKER_LINGER;
    if ((script->attach != FAKE_SUCCEED && fake_misbehaves(guest) && !act(script->attach)) ||
        !fake_step(FAKE_ATTACH))
        return error_set(err, ERROR_CORRUPT, "the script says: the image is no good");
    return 0;
}

static void forget(struct fake_held *held)
{
    *held = (struct fake_held){0};
}

static int add_layers(struct fake_held *held, const struct hypervisor_disk *what, error **err)
{
    if (held->files || held->node || held->device) {
        atomic_fetch_add(&fake_script->mistakes, 1);
        return error_set(err, ERROR_CORRUPT, "there is something at slot %u", what->slot);
    }
    held->files = true;
    held->recorded = what->record != NULL;
    held->writable = what->writable;
    snprintf(held->record, sizeof held->record, "%s", what->record ? what->record : "");
    held->node = fake_step(FAKE_FILES);
    if (held->node && fake_step(FAKE_NODE))
        return 0;
    forget(held);
    return error_set(err, ERROR_CORRUPT, "the script says: QEMU does not like the disk");
}

static int attach(hypervisor *base, const struct hypervisor_disk *what, error **err)
{
    fake_hypervisor *self = self_of(base);
    struct fake_held *held = &self->machine->held[what->slot];
    struct fake_disk disk = {.attach = true, .slot = what->slot, .size = what->chain->size};
    disk.guest = guest_of(what->chain);
    if (follow_script(self, what->slot, disk.guest, err) < 0 || add_layers(held, what, err) < 0)
        return -1;
    snprintf(disk.serial, sizeof disk.serial, "%s", what->serial);
    held->device = true;
    if (send(self->events, &disk, sizeof disk, MSG_NOSIGNAL) != sizeof disk)
        return fail(err, "QEMU");
    fake_step(FAKE_DEVICE);
    return 0;
}

/* What is there stays as it is, but for the contents and their size. */
static int replace(hypervisor *base, const struct hypervisor_disk *what, error **err)
{
    fake_hypervisor *self = self_of(base);
    struct fake_disk disk = {
        .attach = true, .replace = true, .slot = what->slot, .size = what->chain->size};
    disk.guest = guest_of(what->chain);
    if (follow_script(self, what->slot, disk.guest, err) < 0)
        return -1;
    if (!fake_step(FAKE_REPLACE))
        return fail(err, "replace");
    if (!self->machine->held[what->slot].device || what->writable || what->record)
        atomic_fetch_add(&fake_script->mistakes, 1);
    return send(self->events, &disk, sizeof disk, MSG_NOSIGNAL) == sizeof disk ? 0
                                                                               : fail(err, "QEMU");
}

static int inspect(hypervisor *base, struct hypervisor_slot table[], error **err)
{
    if (!fake_step(FAKE_INSPECT))
        return fail(err, "inspect");
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        const struct fake_held *held = &self_of(base)->machine->held[slot];
        table[slot] = (struct hypervisor_slot){
            .device = held->device,
            .files = held->files && held->recorded,
            .record = held->recorded ? strdup(held->record) : NULL,
        };
    }
    return 0;
}

static int clear(hypervisor *base, unsigned slot, error **err)
{
    struct fake_held *held = &self_of(base)->machine->held[slot];
    if (!fake_step(FAKE_CLEAR))
        return fail(err, "clear");
    if (held->device) {
        atomic_fetch_add(&fake_script->mistakes, 1);
        return error_set(err, ERROR_REFUSED, "the node of slot %u is in use", slot);
    }
    forget(held);
    return fake_step(FAKE_CLEARED) ? 0 : fail(err, "what comes after clear");
}

static int detach(hypervisor *base, unsigned slot, error **err)
{
    struct fake_disk disk = {.attach = false, .slot = slot};
    if (!fake_step(FAKE_DETACH))
        return fail(err, "detach");
    if (send(self_of(base)->events, &disk, sizeof disk, MSG_NOSIGNAL) != sizeof disk)
        return fail(err, "QEMU");
    fake_step(FAKE_DELETED);
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
    if (got == (ssize_t)sizeof slot) {
        fake_step(FAKE_EVENT);
        /* As with libvirt's: what has a device again stays. */
        if (!self_of(base)->machine->held[slot].device)
            forget(&self_of(base)->machine->held[slot]);
        fake_step(FAKE_DROPPED);
        return (struct hypervisor_event){HYPERVISOR_DISK_REMOVED, slot};
    }
    if (got < 0 && errno == EAGAIN)
        return (struct hypervisor_event){HYPERVISOR_NOTHING, 0};
    return (struct hypervisor_event){HYPERVISOR_ENDED, 0};
}

static void end(hypervisor *base)
{
    fake_hypervisor *self = self_of(base);
    pid_t qemu = self->machine && !self->ended ? self->machine->pid : 0;
    if (qemu > 0 && fake_step(FAKE_END))
        kill(qemu, SIGKILL);
    self->ended = true;
    if (self->lingers) {
        close(self->orders);
        close(self->reports);
        pause();
    }
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
    if (self->mapped && self->machine)
        munmap(self->machine, sizeof *self->machine);
    free(self);
}

static const struct hypervisor_ops ops = {
    .prepare = prepare,
    .launch = launch,
    .find = find,
    .settings = settings,
    .open_port = open_port,
    .save = save,
    .keep_capabilities = keep_capabilities,
    .probed = probed,
    .attach = attach,
    .replace = replace,
    .inspect = inspect,
    .clear = clear,
    .detach = detach,
    .event_fd = event_fd,
    .next_event = next_event,
    .end = end,
    .free = free_hypervisor,
};

/* Processes end without freeing it, as with libvirt's: free() would end the appliance. */
static fake_hypervisor *volatile last;

static hypervisor *create(const struct hypervisor_options *options, error **err)
{
    fake_hypervisor *self = calloc(1, sizeof *self);
    if (!self || !fake_step(FAKE_NEW)) {
        free(self);
        fail(err, "the hypervisor");
        return NULL;
    }
    *self = (fake_hypervisor){.base = {&ops}, .channel = -1, .events = -1};
    last = self;
    self->orders = fake_worker_socket(SOCK_SEQPACKET);
    self->reports = fake_worker_socket(SOCK_STREAM);
    if (options->trace)
        options->trace(options->trace_data, "create", 0);
    return &self->base;
}

hypervisor *fake_hypervisor_create(error **err)
{
    static const struct hypervisor_options nothing;
    return create(&nothing, err);
}

/* As QEMU's, whose process is asked for below a root: the fake has no files. */
static pid_t find_process(const char *root)
{
    (void)root;
    return 0;
}

const struct hypervisor_driver fake_hypervisor_driver = {
    .name = "fake",
    .create = create,
    .find_process = find_process,
    .socket_room = 0,
};
