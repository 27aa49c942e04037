/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "new-appliance.h"

#include "appliance-connection.h"
#include "appliance/accelerator.h"
#include "appliance/persistent-slots.h"
#include "appliance/template-cache.h"
#include "appliance/template-capabilities.h"
#include "appliance/template-memory.h"
#include "base/clock.h"
#include "command-line.h"
#include "ports.h"
#include "process/child-setup.h"
#include "process/confinement.h"
#include "sandboxed-work.h"
#include "scan/template-builder.h"

#include <string.h>
#include <sys/mman.h>

/* A restore takes 0.3 s on an idle machine. A daemon that starts its first QEMU may probe it for
 * minutes before that, where PID 1 reaps late: libvirt waits for each QEMU to vanish. */
#define NEW_APPLIANCE_TIMEOUT (60 * CLOCK_SECOND)
#define DAEMON_TIMEOUT (300 * CLOCK_SECOND)

/* A builder's directory, which is called as its accelerator, below the run's. */
#define BUILDER_ROOM (sizeof "/kvm" - 1)

struct launching {
    const struct new_appliance *start;
    const struct template_builder *provision;
    const appliance_directory *directory;
    const char *memory;    /* the file that is its memory */
    bool memory_read_only; /* it is the template's */
    /* What the sandboxed process has come to; shared with it. */
    struct progress {
        bool tried;  /* it is the template's turn */
        bool up;     /* the appliance has answered */
        bool probed; /* what was probed anew has been kept, before there was a disk */
    } * progress;
};

void new_appliance_clear(struct new_appliance *start)
{
    for (unsigned i = 0; start->chains && i < start->image_count; i++)
        image_chain_free(start->chains[i]);
    free(start->chains);
    start->chains = NULL;
}

/* --- in the sandbox --- */

static int keep(agent_client *agent, unsigned idle, error **err)
{
    uint64_t deadline = clock_now() + NEW_APPLIANCE_TIMEOUT;
    return agent_client_keep(agent, idle, err) < 0
               ? -1
               : agent_client_wait_done(agent, deadline, ERROR_HOST, err);
}

static int attach_images(const struct new_appliance *start, persistent_slots *disks, error **err)
{
    for (unsigned i = 0; i < start->image_count; i++) {
        struct persistent_slots_request request = {
            .chain = start->chains[i],
            .image = start->images[i],
            .block_size = start->block_size,
            .slot = (int)i,
            .mode = start->mode,
        };
        unsigned slot;
        if (persistent_slots_attach(disks, &request, &slot, err) < 0)
            return error_prefix(err, "%s", start->images[i]);
    }
    return 0;
}

static int settle(const struct new_appliance *start, hypervisor *hv, agent_client *agent,
                  error **err)
{
    if (keep(agent, start->settings.idle, err) < 0)
        return -1;
    AUTO_PERSISTENT_SLOTS persistent_slots *disks = persistent_slots_new(hv, agent, err);
    return disks ? attach_images(start, disks, err) : -1;
}

/* What was probed anew is for later appliances. One that gets images at once could change it. */
static int keep_probed(const struct launching *self, hypervisor *hv, error **err)
{
    if (self->start->uri || self->start->image_count > 0 || !hv->ops->probed(hv))
        return 0;
    AUTO_FREE char *path = template_capabilities_probed(appliance_directory_root(self->directory));
    if (!path)
        return error_no_memory(err);
    hv->ops->keep_capabilities(hv, path);
    self->progress->probed = true;
    return 0;
}

/* Where a daemon has it, others may have the names that come to mind first. New memory; NULL: no
 * memory. */
static char *machine_name(const appliance_directory *directory)
{
    char *name;
    return asprintf(&name, "virt-live-tools-%s", appliance_directory_name(directory)) < 0 ? NULL
                                                                                          : name;
}

static int bring_up(const struct launching *self, hypervisor *hv, error **err)
{
    const struct new_appliance *start = self->start;
    AUTO_FREE char *name = machine_name(self->directory);
    AUTO_FD int state = appliance_open_state(self->provision->template_dir, err);
    AUTO_AGENT_CLIENT agent_client *agent = NULL;
    struct appliance_paths paths = {
        .root = appliance_directory_root(self->directory),
        .memory_path = self->memory,
        .memory_read_only = self->memory_read_only,
        .state_fd = state,
        .name = name,
        .uuid = appliance_directory_uuid(self->directory),
        .settings = &start->settings,
        .uid = start->box.uid,
        .gid = start->box.gid,
    };
    if (state < 0)
        return -1;
    if (!name)
        return error_no_memory(err);
    self->progress->tried = true;
    uint64_t deadline = clock_now() + (start->uri ? DAEMON_TIMEOUT : NEW_APPLIANCE_TIMEOUT);
    if (appliance_start(hv, &self->provision->appliance, &paths, deadline, &agent, err) < 0)
        return -1;
    self->progress->up = true;
    return keep_probed(self, hv, err) < 0 ? -1 : settle(start, hv, agent, err);
}

/* This process and QEMU, which outlives it. Later commands are not: they have to end QEMU, which
 * one that is confined elsewhere cannot. */
static int confine(const struct launching *self, error **err)
{
    const char *own = self->memory_read_only ? NULL : self->memory;
    child_setup_reduce_environment(NULL);
    return confinement_restrict(
        (const char *const[]){appliance_directory_root(self->directory), own, NULL}, true, err);
}

static int new_appliance_inside(void *data, error **err)
{
    const struct launching *self = data;
    AUTO_FREE char *capabilities = template_capabilities_path(self->provision->template_dir);
    const struct hypervisor_options options = {
        .root = appliance_directory_root(self->directory),
        .uri = self->start->uri,
        .capabilities = capabilities,
        .trace = command_line_options.trace ? command_line_trace : NULL,
    };
    /* A daemon starts QEMU its own way. */
    if (!self->start->uri && confine(self, err) < 0)
        return -1;
    hypervisor *hv = appliance_directory_driver->create(&options, err);
    if (!hv)
        return -1;
    if (bring_up(self, hv, err) == 0)
        return 0; /* the process ends, and the appliance lives */
    hv->ops->end(hv);
    return -1;
}

/* --- around it --- */

static int provide(struct new_appliance *start, run_directory *run, int signal_fd,
                   struct template_builder *provision, error **err)
{
    struct supervisor_config config = {
        .memory_mib = start->memory_mib,
        .accel = start->accel,
        .appliance = start->directory,
        .trace = command_line_options.trace,
        .hotplug = true,
        .driver = appliance_directory_driver,
    };
    struct supervisor_client client = {.log = command_line_log};
    switch (template_builder_make(&config, &client, run, &start->box, signal_fd, provision, err)) {
    case TEMPLATE_BUILDER_DONE:
        return 0;
    case TEMPLATE_BUILDER_SIGNALLED:
        return 1;
    case TEMPLATE_BUILDER_FAILED:
        break;
    }
    return -1;
}

static int launch_at(struct new_appliance *start, const appliance_directory *directory,
                     const struct template_builder *provision, struct progress *progress,
                     int signal_fd, error **err)
{
    AUTO_FREE char *copy = appliance_directory_memory(directory);
    struct launching launching = {start, provision, directory, copy, false, progress};
    /* A daemon answers to us, not to the sandboxed user. */
    struct sandbox ourselves = start->box;
    ourselves.drop = false;
    if (!copy)
        return error_no_memory(err);
    /* A daemon's QEMU may be a user who does not get to the template. */
    if (provision->memory_read_only && !start->uri) {
        launching.memory = provision->memory_path;
        launching.memory_read_only = true;
    } else if (template_memory_copy(provision->template_dir, copy, &start->box, err) < 0)
        return -1;
    return sandboxed_work_start(start->uri ? &ourselves : &start->box, new_appliance_inside,
                                &launching, signal_fd, err);
}

/* The directory and the appliance in it; neither is left where this fails. 0; 1: signalled; -1 and
 * *err. */
static int make_appliance(struct new_appliance *start, const struct template_builder *provision,
                          struct progress *progress, int signal_fd, appliance_directory **where,
                          error **err)
{
    appliance_directory *made = appliance_directory_new(start->name, &start->box, start->uri, err);
    if (!made)
        return -1;
    int result = launch_at(start, made, provision, progress, signal_fd, err);
    if (result == 0 && progress->probed)
        template_capabilities_renew(provision->template_dir, appliance_directory_root(made),
                                    &start->box);
    if (result == 0)
        result = appliance_directory_launched(made, err);
    if (result != 0) {
        appliance_connection_end(made, &start->box, NULL);
        appliance_directory_remove(made, NULL);
        appliance_directory_free(STEAL(made));
    }
    *where = made;
    return result;
}

/* A template of an earlier command may have outlived what it depends on. One from which no
 * appliance comes up is removed, and the second attempt makes another. */
static int attempt(struct new_appliance *start, run_directory *run, int signal_fd, bool *again,
                   appliance_directory **where, error **err)
{
    struct template_builder provision = {.discarded = !*again};
    struct progress *progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return error_no_memory(err);
    start->box.without_kvm = false; /* the template has an accelerator */
    int result = provide(start, run, signal_fd, &provision, err);
    if (result == 0) {
        start->box = accelerator_sandbox(&start->box, provision.appliance.accel);
        result = make_appliance(start, &provision, progress, signal_fd, where, err);
        *again = *again && result < 0 && progress->tried && !progress->up && !provision.booted &&
                 !start->uri;
        if (*again)
            template_builder_discard(&provision);
        template_builder_clear(&provision);
    } else {
        *again = false;
    }
    munmap(progress, sizeof *progress);
    return result;
}

int new_appliance_start(struct new_appliance *start, int signal_fd, appliance_directory **where,
                        error **err)
{
    AUTO_ERROR error *first = NULL;
    bool again = true;
    *where = NULL;
    if (sandbox_choose(&start->box, err) < 0)
        return -1;
    run_directory *run =
        run_directory_new(&start->box, BUILDER_ROOM + appliance_directory_driver->socket_room, err);
    if (!run)
        return -1;
    int result = attempt(start, run, signal_fd, &again, where, &first);
    if (again) {
        command_line_log(NULL, LOG_VERBOSE, error_message(first));
        command_line_log(NULL, LOG_VERBOSE,
                         "the saved appliance cannot be restored; it is made anew");
        again = false;
        result = attempt(start, run, signal_fd, &again, where, err);
    } else if (result < 0) {
        error_propagate(err, STEAL(first));
    }
    run_directory_free(run);
    return result;
}

int new_appliance_hold(const appliance_directory *directory, const struct sandbox *box)
{
    int lock;
    int number = appliance_directory_take_session(directory, &lock, NULL);
    /* The lock's descriptor is kept for as long as this process lives. */
    return number < 0 ? -1 : ports_connect_sandboxed(directory, box, number, NULL);
}
