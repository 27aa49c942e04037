/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt starts QEMU, sandboxes it and tells what becomes of it. Disks go through the monitor that
 * libvirt keeps: that is the one way to give an unprivileged QEMU nothing but a read-only
 * descriptor (docs/security.md). */
#include "hypervisor.h"

#include "blockdev.h"
#include "libvirt-root.h"
#include "qmp.h"
#include "slots.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

struct slot_files {
    size_t count;
    int64_t fdsets[IMAGE_CHAIN_MAX];
};

/* Events arrive in libvirt's thread and are taken in ours. One disk event a slot and one end can be
 * pending at most, so the queue cannot overflow. */
struct event_queue {
    pthread_mutex_t lock;
    int fd;
    bool removed[SLOT_COUNT];
    bool ended;
};

typedef struct {
    hypervisor base;
    char *root;
    virConnectPtr connection;
    virDomainPtr domain;
    int channel; /* to the agent, until open_channel() gives it away; -1 */
    bool io_uring;
    struct slot_files files[SLOT_COUNT];
    struct event_queue events;
    hypervisor_trace trace;
    void *trace_data;
} libvirt_hypervisor;

static libvirt_hypervisor *self_of(hypervisor *base)
{
    return (libvirt_hypervisor *)(void *)base;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void traced(const libvirt_hypervisor *self, const char *what, double since)
{
    if (self->trace)
        self->trace(self->trace_data, what, seconds_now() - since);
}

static int libvirt_error(error **err, const char *what)
{
    const virError *last = virGetLastError();
    return error_set(err, STATUS_CRASHED, "%s: %s", what,
                     last && last->message ? last->message : "unknown libvirt error");
}

/* libvirt prints errors on stderr unless somebody takes them; ours travel as error objects. */
static void ignore_error(void *data, virErrorPtr err)
{
    (void)data;
    (void)err;
}

static void *run_events(void *unused)
{
    (void)unused;
    for (;;)
        virEventRunDefaultImpl();
    return NULL;
}

/* --- the monitor --- */

/* Sends one QMP command with at most one descriptor (-1: none). The result, a new reference, or
 * NULL and *err. */
static json_t *monitor(libvirt_hypervisor *self, const char *command, json_t *arguments, int fd,
                       error **err)
{
    AUTO_FREE char *text = qmp_command(command, arguments);
    AUTO_FREE char *reply = NULL;
    double since = seconds_now();
    if (!text) {
        error_set(err, STATUS_CRASHED, "%s: no memory", command);
        return NULL;
    }
    int sent = fd < 0 ? virDomainQemuMonitorCommand(self->domain, text, &reply, 0)
                      : virDomainQemuMonitorCommandWithFiles(self->domain, text, 1, &fd, NULL, NULL,
                                                             &reply, 0);
    traced(self, command, since);
    if (sent < 0) {
        libvirt_error(err, command);
        return NULL;
    }
    json_t *result = qmp_return(reply, err);
    if (!result)
        error_prefix(err, "%s", command);
    return result;
}

static int monitor_do(libvirt_hypervisor *self, const char *command, json_t *arguments, int fd,
                      error **err)
{
    json_t *result = monitor(self, command, arguments, fd, err);
    if (!result)
        return -1;
    json_decref(result);
    return 0;
}

/* --- events --- */

static void push_event(libvirt_hypervisor *self, bool *flag)
{
    pthread_mutex_lock(&self->events.lock);
    *flag = true;
    pthread_mutex_unlock(&self->events.lock);
    eventfd_write(self->events.fd, 1);
}

static void on_device_deleted(virConnectPtr connection, virDomainPtr domain, const char *event,
                              long long seconds, unsigned microseconds, const char *details,
                              void *data)
{
    libvirt_hypervisor *self = data;
    (void)connection, (void)domain, (void)event, (void)seconds, (void)microseconds;
    json_t *object = details ? json_loads(details, 0, NULL) : NULL;
    const char *device = json_string_value(json_object_get(object, "device"));
    int slot = device ? blockdev_slot(device) : -1;
    if (slot >= 0)
        push_event(self, &self->events.removed[slot]);
    json_decref(object);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                        void *data)
{
    libvirt_hypervisor *self = data;
    (void)connection, (void)domain, (void)detail;
    if (event == VIR_DOMAIN_EVENT_STOPPED || event == VIR_DOMAIN_EVENT_CRASHED)
        push_event(self, &self->events.ended);
    return 0;
}

static int register_events(libvirt_hypervisor *self, error **err)
{
    if (virConnectDomainEventRegisterAny(self->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), self, NULL) < 0 ||
        virConnectDomainQemuMonitorEventRegister(self->connection, NULL, "DEVICE_DELETED",
                                                 on_device_deleted, self, NULL, 0) < 0)
        return libvirt_error(err, "cannot listen to libvirt's events");
    return 0;
}

static int event_fd(hypervisor *base)
{
    return self_of(base)->events.fd;
}

static struct hypervisor_event take_event(struct event_queue *queue)
{
    struct hypervisor_event event = {HYPERVISOR_NOTHING, 0};
    eventfd_t ignored;
    pthread_mutex_lock(&queue->lock);
    eventfd_read(queue->fd, &ignored);
    for (unsigned slot = 0; slot < SLOT_COUNT && event.kind == HYPERVISOR_NOTHING; slot++)
        if (queue->removed[slot]) {
            queue->removed[slot] = false;
            event = (struct hypervisor_event){HYPERVISOR_DISK_REMOVED, slot};
        }
    if (event.kind == HYPERVISOR_NOTHING && queue->ended) {
        queue->ended = false;
        event.kind = HYPERVISOR_ENDED;
    }
    if (event.kind != HYPERVISOR_NOTHING)
        eventfd_write(queue->fd, 1); /* there may be more; the next call finds out */
    pthread_mutex_unlock(&queue->lock);
    return event;
}

/* --- disks --- */

static void close_files(libvirt_hypervisor *self, unsigned slot)
{
    struct slot_files *files = &self->files[slot];
    for (size_t i = 0; i < files->count; i++)
        monitor_do(self, "remove-fd", json_pack("{s:I}", "fdset-id", (json_int_t)files->fdsets[i]),
                   -1, NULL);
    files->count = 0;
}

/* Gives the descriptors of the chain to QEMU, one fd set a layer; QEMU numbers them. */
static int pass_files(libvirt_hypervisor *self, unsigned slot, const struct image_chain *chain,
                      error **err)
{
    struct slot_files *files = &self->files[slot];
    files->count = 0;
    for (size_t i = 0; i < chain->count; i++) {
        json_t *set = monitor(self, "add-fd", NULL, chain->layers[i].fd, err);
        if (!set)
            return -1;
        files->fdsets[files->count++] = json_integer_value(json_object_get(set, "fdset-id"));
        json_decref(set);
    }
    return 0;
}

static void drop_node(libvirt_hypervisor *self, unsigned slot)
{
    char name[BLOCKDEV_NAME_MAX];
    monitor_do(self, "blockdev-del", json_pack("{s:s}", "node-name", blockdev_name(slot, name)), -1,
               NULL);
}

/* QEMU looked into the file, or at what it is to be, and did not like it: that is the image's
 * fault. Any other failure is the appliance's. */
static int blame(error **err, error *why)
{
    if (error_status(why) != STATUS_REFUSED)
        return error_propagate(err, why);
    error_set(err, STATUS_CORRUPT, "%s", error_message(why));
    error_free(why);
    return -1;
}

static int attach(hypervisor *base, unsigned slot, const struct image_chain *chain,
                  const char *serial, unsigned block_size, error **err)
{
    libvirt_hypervisor *self = self_of(base);
    error *why = NULL;
    if (pass_files(self, slot, chain, &why) < 0)
        goto close;
    json_t *node = blockdev_chain(chain, self->files[slot].fdsets, slot, self->io_uring);
    if (monitor_do(self, "blockdev-add", node, -1, &why) < 0)
        goto close;
    json_t *device = blockdev_device(slot, serial, block_size);
    if (monitor_do(self, "device_add", device, -1, &why) < 0)
        goto drop;
    return 0;
drop:
    drop_node(self, slot);
close:
    close_files(self, slot);
    return blame(err, why);
}

static int detach(hypervisor *base, unsigned slot, error **err)
{
    char name[BLOCKDEV_NAME_MAX];
    return monitor_do(self_of(base), "device_del",
                      json_pack("{s:s}", "id", blockdev_name(slot, name)), -1, err);
}

static struct hypervisor_event next_event(hypervisor *base)
{
    libvirt_hypervisor *self = self_of(base);
    struct hypervisor_event event = take_event(&self->events);
    if (event.kind == HYPERVISOR_DISK_REMOVED) {
        drop_node(self, event.slot);
        close_files(self, event.slot);
    }
    return event;
}

/* --- the appliance --- */

static json_t *capabilities_of_templates(void)
{
    /* The memory is in the template's file and not in the state. */
    return json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "x-ignore-shared", "state",
                     1);
}

/* Migration reports its end only by an event or a query. It takes 5-10 ms, and so few steps that
 * waiting for the event through libvirt's thread was no faster than asking. */
static int await_migration(libvirt_hypervisor *self, error **err)
{
    for (;;) {
        json_t *info = monitor(self, "query-migrate", NULL, -1, err);
        if (!info)
            return -1;
        const char *status = json_string_value(json_object_get(info, "status"));
        const char *why = json_string_value(json_object_get(info, "error-desc"));
        bool completed = status && strcmp(status, "completed") == 0;
        bool failed = !status || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
        if (failed)
            error_set(err, STATUS_CRASHED, "QEMU could not %s",
                      why ? why : "move the appliance's state");
        json_decref(info);
        if (completed || failed)
            return completed ? 0 : -1;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static int pass_state(libvirt_hypervisor *self, const char *command, int fd, error **err)
{
    if (monitor_do(self, "migrate-set-capabilities", capabilities_of_templates(), -1, err) < 0 ||
        monitor_do(self, "getfd", json_pack("{s:s}", "fdname", "state"), fd, err) < 0 ||
        monitor_do(self, command, json_pack("{s:s}", "uri", "fd:state"), -1, err) < 0)
        return -1;
    return await_migration(self, err);
}

static int connect_unix(const char *path, error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(err, STATUS_CRASHED, "the path of a Unix socket is too long: %s", path);
    strcpy(address.sun_path, path);
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return error_set_errno(err, STATUS_CRASHED, errno, "cannot connect to %s", path);
    return steal_fd(&fd);
}

static int connect_channel(libvirt_hypervisor *self, error **err)
{
    AUTO_FREE char *xml = virDomainGetXMLDesc(self->domain, 0);
    if (!xml)
        return libvirt_error(err, "cannot read the appliance's domain XML");
    AUTO_FREE char *path = domain_xml_channel_path(xml, err);
    return path ? connect_unix(path, err) : -1;
}

static int create(libvirt_hypervisor *self, const struct domain_spec *spec, bool paused,
                  error **err)
{
    AUTO_FREE char *xml = domain_xml_write(spec, err);
    if (!xml)
        return -1;
    double since = seconds_now();
    self->domain = virDomainCreateXML(self->connection, xml,
                                      paused ? VIR_DOMAIN_START_PAUSED : VIR_DOMAIN_NONE);
    traced(self, "virDomainCreateXML", since);
    return self->domain ? 0 : libvirt_error(err, "cannot start the appliance");
}

/* The host end is there before the state is: the guest, which was saved with one, then hears of no
 * change. */
static int launch(hypervisor *base, const struct domain_spec *spec, int state_fd, error **err)
{
    libvirt_hypervisor *self = self_of(base);
    if (create(self, spec, state_fd >= 0, err) < 0)
        return -1;
    self->channel = connect_channel(self, err);
    if (self->channel < 0)
        return -1;
    if (state_fd >= 0 && (pass_state(self, "migrate-incoming", state_fd, err) < 0 ||
                          monitor_do(self, "cont", NULL, -1, err) < 0))
        return error_prefix(err, "cannot restore the appliance");
    return 0;
}

static int save(hypervisor *base, int fd, error **err)
{
    libvirt_hypervisor *self = self_of(base);
    if (monitor_do(self, "stop", NULL, -1, err) < 0 || pass_state(self, "migrate", fd, err) < 0)
        return error_prefix(err, "cannot save the appliance");
    return 0;
}

static int open_channel(hypervisor *base, error **err)
{
    libvirt_hypervisor *self = self_of(base);
    return self->channel >= 0 ? steal_fd(&self->channel) : connect_channel(self, err);
}

/* --- beginning and end --- */

static int open_connection(libvirt_hypervisor *self, error **err)
{
    pthread_t thread;
    AUTO_FREE char *uri = libvirt_root_uri(self->root);
    double since = seconds_now();
    if (!uri)
        return error_set(err, STATUS_CRASHED, "no memory");
    virSetErrorFunc(NULL, ignore_error);
    if (virEventRegisterDefaultImpl() < 0 || virInitialize() < 0)
        return libvirt_error(err, "cannot initialise libvirt");
    int started = pthread_create(&thread, NULL, run_events, NULL);
    if (started != 0)
        return error_set_errno(err, STATUS_CRASHED, started, "cannot start a thread");
    self->connection = virConnectOpen(uri);
    traced(self, "virConnectOpen", since);
    return self->connection ? 0 : libvirt_error(err, "cannot start libvirt's QEMU driver");
}

/* libvirt's own way waits, in steps of 0.2 s, for QEMU to vanish. The pid file is libvirt's, in a
 * directory of ours, and we have no more rights than QEMU has: nothing is gained by lying in it. */
static void end(hypervisor *base)
{
    libvirt_hypervisor *self = self_of(base);
    AUTO_FREE char *path = NULL;
    if (!self->domain ||
        asprintf(&path, "%s/run/qemu/%s.pid", self->root, virDomainGetName(self->domain)) < 0) {
        path = NULL;
        return;
    }
    AUTO_FILE FILE *file = fopen(path, "re");
    int pid;
    if (file && fscanf(file, "%d", &pid) == 1 && pid > 1)
        kill(pid, SIGKILL);
}

/* The connection stays open: its threads may be using it, and the process ends soon. */
static void free_hypervisor(hypervisor *base)
{
    end(base);
}

static const struct hypervisor_ops operations = {
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

/* With it QEMU reads what is in the page cache without waking another thread. Some hosts forbid it.
 */
static bool has_io_uring(void)
{
    struct io_uring_params parameters = {0};
    AUTO_FD int fd = (int)syscall(__NR_io_uring_setup, 1, &parameters);
    return fd >= 0;
}

hypervisor *hypervisor_libvirt_new(const char *root, hypervisor_trace trace, void *data,
                                   error **err)
{
    /* The event thread keeps a pointer to it for as long as the process lives. */
    static libvirt_hypervisor only;
    libvirt_hypervisor *self = &only;
    self->base.ops = &operations;
    self->trace = trace;
    self->trace_data = data;
    self->channel = -1;
    self->io_uring = has_io_uring();
    self->root = strdup(root);
    self->events.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!self->root || self->events.fd < 0) {
        error_set_errno(err, STATUS_CRASHED, errno, "cannot prepare for libvirt");
        return NULL;
    }
    pthread_mutex_init(&self->events.lock, NULL);
    if (libvirt_root_make(root, err) < 0 || open_connection(self, err) < 0 ||
        register_events(self, err) < 0)
        return NULL;
    return &self->base;
}

const char *hypervisor_libvirt_library(void)
{
    Dl_info info;
    void *inside = dlsym(RTLD_DEFAULT, "virDomainCreateXML");
    return inside && dladdr(inside, &info) ? info.dli_fname : NULL;
}
