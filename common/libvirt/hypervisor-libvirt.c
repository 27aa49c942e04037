/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt starts QEMU, sandboxes it and tells what becomes of it. */
#include "hypervisor-libvirt-internal.h"

#include "appliance/qmp-blockdev.h"
#include "base/clock.h"
#include "base/text-format.h"
#include "base/unix-socket.h"
#include "domain-xml.h"
#include "libvirt-error.h"
#include "libvirt-root.h"
#include "process/first-processor.h"
#include "process/pid-file.h"
#include "qemu-capabilities.h"
#include "wire/port-name.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

static void *run_events(void *unused)
{
    (void)unused;
    for (;;)
        virEventRunDefaultImpl();
    return NULL;
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
    int slot = device ? qmp_blockdev_slot(device) : -1;
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

/* Of this domain alone: a daemon has others too. */
static int listen_to_domain(libvirt_hypervisor *self, error **err)
{
    if (virConnectDomainEventRegisterAny(self->connection, self->domain,
                                         VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), self, NULL) < 0 ||
        virConnectDomainQemuMonitorEventRegister(self->connection, self->domain, "DEVICE_DELETED",
                                                 on_device_deleted, self, NULL, 0) < 0)
        return hypervisor_libvirt_failed(err, "cannot listen to libvirt's events");
    return 0;
}

static int event_fd(hypervisor *base)
{
    return libvirt_self(base)->events.fd;
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

void hypervisor_libvirt_forget_events(libvirt_hypervisor *self, unsigned slot)
{
    pthread_mutex_lock(&self->events.lock);
    self->events.removed[slot] = false;
    pthread_mutex_unlock(&self->events.lock);
}

static struct hypervisor_event next_event(hypervisor *base)
{
    libvirt_hypervisor *self = libvirt_self(base);
    struct hypervisor_event event = take_event(&self->events);
    if (event.kind == HYPERVISOR_DISK_REMOVED)
        hypervisor_libvirt_disk_removed(self, event.slot);
    return event;
}

/* --- the appliance --- */

/* The domain's XML as it is now; new memory, or NULL and *err. */
static char *describe(const libvirt_hypervisor *self, error **err)
{
    char *xml = virDomainGetXMLDesc(self->domain, 0);
    if (!xml)
        hypervisor_libvirt_failed(err, "cannot read the appliance's domain XML");
    return xml;
}

static int settings(hypervisor *base, struct launch_settings *settings, error **err)
{
    AUTO_FREE char *xml = describe(libvirt_self(base), err);
    return xml ? domain_xml_settings(xml, settings, err) : -1;
}

static int connect_port(libvirt_hypervisor *self, const char *name, error **err)
{
    AUTO_FREE char *xml = describe(self, err);
    AUTO_FREE char *path = xml ? domain_xml_port_path(xml, name, err) : NULL;
    if (!path)
        return -1;
    int fd = unix_socket_connect(path);
    return fd < 0 ? error_set_errno(err, ERROR_HOST, errno, "cannot connect to %s", path) : fd;
}

/* The machine as this libvirt can have it. In this process it is the only one. A daemon of the
 * whole system starts QEMU as whom we say, and needs places of its own for its sockets. A user's
 * own daemon is that user, as QEMU is; its places have paths that are too long for sockets. */
static struct machine_spec adapt(const libvirt_hypervisor *self, const struct machine_spec *spec)
{
    struct machine_spec adapted = *spec;
    adapted.monitor_path = self->monitor_path;
    if (self->embedded)
        adapted.name = DOMAIN_XML_NAME;
    if (self->system)
        adapted.port_path = NULL;
    else
        adapted.uid = 0;
    return adapted;
}

static int start_domain(libvirt_hypervisor *self, const struct machine_spec *spec, bool paused,
                        error **err)
{
    const struct machine_spec adapted = adapt(self, spec);
    AUTO_FREE char *xml = domain_xml_write(&adapted, err);
    if (!xml)
        return -1;
    uint64_t since = clock_now();
    self->domain = virDomainCreateXML(self->connection, xml,
                                      paused ? VIR_DOMAIN_START_PAUSED : VIR_DOMAIN_NONE);
    hypervisor_libvirt_traced(self, "virDomainCreateXML", since);
    if (!self->domain)
        return hypervisor_libvirt_failed(err, "cannot start the appliance");
    for (unsigned slot = 0; slot < spec->reserved; slot++)
        self->files[slot].occupied = true;
    hypervisor_libvirt_bound(self, spec);
    return listen_to_domain(self, err);
}

/* The host end is there before the state is: the guest, which was saved with one, then hears of no
 * change. */
static int launch(hypervisor *base, const struct machine_spec *spec, int state_fd, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    self->use = (struct capabilities_subset){
        .accel = strcmp(spec->accel, "kvm") == 0 ? "kvm" : "tcg",
        .machine = spec->architecture->machine,
    };
    if (start_domain(self, spec, state_fd >= 0, err) < 0)
        return -1;
    self->channel = connect_port(self, AGENT_PORT_NAME, err);
    if (self->channel < 0)
        return -1;
    if (state_fd >= 0 &&
        (hypervisor_libvirt_state_pass(self, "migrate-incoming", state_fd, err) < 0 ||
         hypervisor_libvirt_monitor_do(self, "cont", NULL, -1, err) < 0))
        return error_prefix(err, "cannot restore the appliance");
    return 0;
}

static int save(hypervisor *base, int fd, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    if (hypervisor_libvirt_monitor_do(self, "stop", NULL, -1, err) < 0 ||
        hypervisor_libvirt_state_pass(self, "migrate", fd, err) < 0)
        return error_prefix(err, "cannot save the appliance");
    return 0;
}

/* QEMU 8.2 can open the file of a private mapping read-only (`rom`). */
static bool maps_read_only(libvirt_hypervisor *self)
{
    size_t i;
    json_t *property;
    bool found = false;
    json_t *properties =
        hypervisor_libvirt_monitor(self, "qom-list-properties",
                                   json_pack("{s:s}", "typename", "memory-backend-file"), -1, NULL);
    json_array_foreach(properties, i, property)
    {
        const char *name = json_string_value(json_object_get(property, "name"));
        found |= name && strcmp(name, "rom") == 0;
    }
    json_decref(properties);
    return found;
}

static bool probed(hypervisor *base)
{
    libvirt_hypervisor *self = libvirt_self(base);
    return self->provided.tv_sec > 0 && qemu_capabilities_written(self->root, &self->provided);
}

static void keep_capabilities(hypervisor *base, const char *directory)
{
    libvirt_hypervisor *self = libvirt_self(base);
    /* Where libvirt did not take those that it was given, it may be for what was left out. */
    qemu_capabilities_keep(self->root, directory, probed(base) ? NULL : &self->use);
    if (maps_read_only(self))
        qemu_capabilities_note_read_only(directory);
}

static int open_port(hypervisor *base, const char *name, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    bool ours = self->channel >= 0 && strcmp(name, AGENT_PORT_NAME) == 0;
    return ours ? steal_fd(&self->channel) : connect_port(self, name, err);
}

/* Whether libvirt's last error was that there is no such domain. */
static bool is_unknown(void)
{
    const virError *last = virGetLastError();
    return last && last->code == VIR_ERR_NO_DOMAIN;
}

/* Whether QEMU answers; until it has, an embedded libvirt takes the domain to be running. 1; 0: it
 * has ended; -1 and *err. */
static int is_alive(libvirt_hypervisor *self, error **err)
{
    AUTO_ERROR error *why = NULL;
    if (hypervisor_libvirt_query_status(self, &why) == 0)
        return 1;
    return virDomainIsActive(self->domain) == 0 || is_unknown() ? 0
                                                                : error_propagate(err, STEAL(why));
}

static int find(hypervisor *base, const char *uuid, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    uint64_t since = clock_now();
    if (self->domain)
        virDomainFree(STEAL(self->domain));
    self->domain = virDomainLookupByUUIDString(self->connection, uuid);
    hypervisor_libvirt_traced(self, "virDomainLookupByUUIDString", since);
    if (self->domain)
        return 0;
    return is_unknown() ? 1 : hypervisor_libvirt_failed(err, "cannot look for the appliance");
}

static int take_over(hypervisor *base, error **err)
{
    libvirt_hypervisor *self = libvirt_self(base);
    int alive = is_alive(self, err);
    if (alive > 0)
        return listen_to_domain(self, err);
    virDomainFree(STEAL(self->domain));
    return alive == 0 ? 1 : -1;
}

/* libvirt reads what it knows of that emulator from a file of some 100 KiB. */
static void prepare(hypervisor *base, const struct architecture *architecture, const char *accel)
{
    libvirt_hypervisor *self = libvirt_self(base);
    uint64_t since = clock_now();
    free(virConnectGetDomainCapabilities(self->connection, architecture->emulator,
                                         architecture->name, architecture->machine,
                                         strcmp(accel, "kvm") == 0 ? "kvm" : "qemu", 0));
    hypervisor_libvirt_traced(self, "virConnectGetDomainCapabilities", since);
}

/* --- beginning and end --- */

/* With it QEMU reads what is in the page cache without waking another thread. Some hosts forbid it.
 */
static bool has_io_uring(void)
{
    struct io_uring_params parameters = {0};
    AUTO_FD int fd = (int)syscall(__NR_io_uring_setup, 1, &parameters);
    return fd >= 0;
}

static int start_libvirt(error **err)
{
    pthread_t thread;
    libvirt_error_silence();
    if (virEventRegisterDefaultImpl() < 0 || virInitialize() < 0)
        return hypervisor_libvirt_failed(err, "cannot initialise libvirt");
    int started = pthread_create(&thread, NULL, run_events, NULL);
    if (started != 0)
        return error_set_errno(err, ERROR_HOST, started, "cannot start a thread");
    return 0;
}

static int open_daemon(libvirt_hypervisor *self, const char *uri, error **err)
{
    uint64_t since = clock_now();
    self->connection = virConnectOpen(uri);
    hypervisor_libvirt_traced(self, "virConnectOpen", since);
    if (self->connection)
        return 0;
    hypervisor_libvirt_failed(err, "cannot connect to libvirt");
    return error_prefix(err, "%s", uri);
}

static int open_embedded(libvirt_hypervisor *self, error **err)
{
    AUTO_FREE char *uri = libvirt_root_uri(self->root);
    uint64_t since = clock_now();
    cpu_set_t before;
    if (!uri)
        return error_no_memory(err);
    first_processor_enter(&before);
    self->connection = virConnectOpen(uri);
    first_processor_leave(&before);
    hypervisor_libvirt_traced(self, "virConnectOpen", since);
    return self->connection ? 0
                            : hypervisor_libvirt_failed(err, "cannot start libvirt's QEMU driver");
}

/* The directory is there before libvirt is initialised: it reads the environment then. */
static int open_connection(libvirt_hypervisor *self, const struct hypervisor_options *options,
                           error **err)
{
    if (options->uri)
        return start_libvirt(err) < 0 ? -1 : open_daemon(self, options->uri, err);
    if (libvirt_root_make(self->root, err) < 0)
        return -1;
    if (options->capabilities) {
        qemu_capabilities_provide(options->capabilities, self->root);
        clock_gettime(CLOCK_REALTIME, &self->provided); /* files are stamped by this clock, too */
    }
    if (start_libvirt(err) < 0)
        return -1;
    return open_embedded(self, err);
}

/* libvirt's own way waits, in steps of 0.2 s, for QEMU to vanish. We have no more rights than QEMU
 * has: nothing is gained by lying in its pid file. */
static void kill_process(const libvirt_hypervisor *self)
{
    AUTO_FREE char *path = libvirt_root_pid_path(self->root);
    if (path)
        pid_file_kill(path);
}

static void end(hypervisor *base)
{
    libvirt_hypervisor *self = libvirt_self(base);
    if (!self->domain)
        return;
    if (self->embedded) {
        kill_process(self);
        return;
    }
    uint64_t since = clock_now();
    virDomainDestroy(self->domain);
    hypervisor_libvirt_traced(self, "virDomainDestroy", since);
}

/* The connection stays open: its threads may be using it, and the process ends soon. */
static void free_hypervisor(hypervisor *base)
{
    end(base);
}

static const struct hypervisor_ops operations = {
    .prepare = prepare,
    .launch = launch,
    .find = find,
    .take_over = take_over,
    .settings = settings,
    .open_port = open_port,
    .save = save,
    .keep_capabilities = keep_capabilities,
    .probed = probed,
    .attach = hypervisor_libvirt_attach,
    .replace = hypervisor_libvirt_replace,
    .inspect = hypervisor_libvirt_inspect,
    .clear = hypervisor_libvirt_clear,
    .detach = hypervisor_libvirt_detach,
    .event_fd = event_fd,
    .next_event = next_event,
    .end = end,
    .free = free_hypervisor,
};

/* The event thread keeps a pointer to it for as long as the process lives. */
static libvirt_hypervisor only;

static hypervisor *create(const struct hypervisor_options *options, error **err)
{
    libvirt_hypervisor *self = &only;
    self->base.ops = &operations;
    self->embedded = !options->uri;
    self->system = options->uri && !strstr(options->uri, "/session");
    self->trace = options->trace;
    self->trace_data = options->trace_data;
    self->channel = -1;
    self->io_uring = has_io_uring();
    self->root = strdup(options->root);
    self->monitor_path = self->embedded ? libvirt_root_monitor_path(options->root) : NULL;
    self->events.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!self->root || (self->embedded && !self->monitor_path) || self->events.fd < 0) {
        error_set_errno(err, ERROR_HOST, errno, "cannot prepare for libvirt");
        return NULL;
    }
    pthread_mutex_init(&self->events.lock, NULL);
    return open_connection(self, options, err) < 0 ? NULL : &self->base;
}

/* The path of the libvirt library that is in use. Asks nothing of libvirt itself. NULL where it
 * cannot be told. */
static const char *find_library(void)
{
    Dl_info info;
    void *inside = dlsym(RTLD_DEFAULT, "virDomainCreateXML");
    return inside && dladdr(inside, &info) ? info.dli_fname : NULL;
}

static int fingerprint(const struct machine_spec *spec, struct hypervisor_fingerprint *print,
                       error **err)
{
    *print = (struct hypervisor_fingerprint){
        .programs = {spec->architecture->emulator, find_library()},
        .machine = domain_xml_write(spec, err),
    };
    return print->machine ? 0 : -1;
}

const struct hypervisor_driver hypervisor_libvirt = {
    .name = "libvirt",
    .create = create,
    .fingerprint = fingerprint,
    .maps_read_only = qemu_capabilities_read_only,
    .find_process = libvirt_root_find_process,
    .socket_room = LIBVIRT_ROOT_SOCKET_ROOM,
};
