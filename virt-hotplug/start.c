/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "start.h"

#include "capabilities.h"
#include "clock.h"
#include "command.h"
#include "confine.h"
#include "live.h"
#include "living.h"
#include "ports.h"
#include "provision.h"
#include "sandboxed.h"
#include "template.h"

#include <string.h>

/* A restore takes 0.3 s on an idle machine. A daemon that starts its first QEMU may probe it for
 * minutes before that, where PID 1 reaps late: libvirt waits for each QEMU to vanish. */
#define START_TIMEOUT (60 * CLOCK_SECOND)
#define DAEMON_TIMEOUT (300 * CLOCK_SECOND)

struct launching {
    const struct start *start;
    const struct provision *provision;
    const place *place;
};

void start_clear(struct start *start)
{
    for (unsigned i = 0; start->chains && i < start->image_count; i++)
        image_chain_free(start->chains[i]);
    free(start->chains);
    start->chains = NULL;
}

/* --- in the sandbox --- */

static int keep(rpc *agent, unsigned idle, error **err)
{
    answer reply = {0};
    if (rpc_keep(agent, idle, err) < 0 ||
        rpc_wait(agent, clock_now() + START_TIMEOUT, &reply, err) < 0)
        return -1;
    const done_ret *done = &reply.body.answer_body_u.keep;
    int result = 0;
    if (done->message.message_len > 0)
        result = error_set(err, STATUS_CRASHED, "%.*s", (int)done->message.message_len,
                           done->message.message_val);
    rpc_answer_clear(&reply);
    return result;
}

static int attach_images(const struct start *start, live *disks, error **err)
{
    for (unsigned i = 0; i < start->image_count; i++) {
        struct live_request request = {
            .chain = start->chains[i],
            .image = start->images[i],
            .block_size = start->block_size,
            .slot = (int)i,
            .writable = start->writable,
        };
        unsigned slot;
        if (live_attach(disks, &request, &slot, err) < 0)
            return error_prefix(err, "%s", start->images[i]);
    }
    return 0;
}

static int settle(const struct start *start, hypervisor *hv, rpc *agent, error **err)
{
    if (keep(agent, start->kept.idle, err) < 0)
        return -1;
    AUTO_LIVE live *disks = live_new(hv, agent, err);
    return disks ? attach_images(start, disks, err) : -1;
}

/* A daemon of the whole system starts QEMU as whom we say, and needs places of its own for its
 * sockets. A user's own daemon is that user, as QEMU is; its places have paths that are too long
 * for sockets. */
static bool of_system(const char *uri)
{
    return uri && !strstr(uri, "/session");
}

static int bring_up(const struct launching *self, hypervisor *hv, error **err)
{
    const struct start *start = self->start;
    AUTO_FREE char *memory = place_memory(self->place);
    AUTO_FREE char *domain = living_domain_name(self->place);
    AUTO_FD int state = appliance_open_state(self->provision->template_dir, err);
    AUTO_RPC rpc *agent = NULL;
    struct appliance_place place = {
        .root = place_root(self->place),
        .memory_path = memory,
        .state_fd = state,
        .daemon = of_system(start->uri),
        .name = domain,
        .uuid = place_uuid(self->place),
        .kept = &start->kept,
        .uid = of_system(start->uri) ? start->box.uid : 0,
        .gid = of_system(start->uri) ? start->box.gid : 0,
    };
    if (state < 0)
        return -1;
    if (!memory || !domain)
        return error_no_memory(err);
    uint64_t deadline = clock_now() + (start->uri ? DAEMON_TIMEOUT : START_TIMEOUT);
    if (appliance_start(hv, &self->provision->appliance, &place, deadline, &agent, err) < 0)
        return -1;
    return settle(start, hv, agent, err);
}

/* This process and QEMU, which outlives it. Later commands are not: they have to end QEMU, which
 * one that is confined elsewhere cannot. */
static int confine_to(const place *place, error **err)
{
    AUTO_FREE char *memory = place_memory(place);
    if (!memory)
        return error_no_memory(err);
    return confine((const char *const[]){place_root(place), memory, NULL}, err);
}

static int start_inside(void *data, error **err)
{
    const struct launching *self = data;
    const char *root = place_root(self->place);
    /* A daemon starts QEMU its own way. */
    if (!self->start->uri) {
        if (confine_to(self->place, err) < 0)
            return -1;
        capabilities_provide(self->provision->template_dir, root);
    }
    hypervisor *hv = hypervisor_libvirt_at(self->start->uri, root,
                                           common_options.trace ? command_trace : NULL, NULL, err);
    if (!hv)
        return -1;
    if (bring_up(self, hv, err) == 0)
        return 0; /* the process ends, and the appliance lives */
    hv->ops->end(hv);
    return -1;
}

/* --- around it --- */

static int provide(struct start *start, rundir *run, int signal_fd, struct provision *provision,
                   error **err)
{
    struct supervisor_config config = {
        .memory_mib = start->memory_mib,
        .accel = start->accel,
        .appliance = start->directory,
        .trace = common_options.trace,
        .hotplug = true,
    };
    struct supervisor_client client = {.log = command_log};
    switch (provision_make(&config, &client, run, &start->box, signal_fd, provision, err)) {
    case PROVISION_DONE:
        return 0;
    case PROVISION_SIGNALLED:
        return 1;
    case PROVISION_FAILED:
        break;
    }
    return -1;
}

static int launch_at(struct start *start, const place *place, const struct provision *provision,
                     int signal_fd, error **err)
{
    struct launching launching = {start, provision, place};
    AUTO_FREE char *memory = place_memory(place);
    /* A daemon answers to us, not to the sandboxed user. */
    struct sandbox ourselves = start->box;
    ourselves.drop = false;
    if (!memory)
        return error_no_memory(err);
    if (template_copy_memory(provision->template_dir, memory, &start->box, err) < 0)
        return -1;
    return sandboxed(start->uri ? &ourselves : &start->box, start_inside, &launching, signal_fd,
                     err);
}

int start_appliance(struct start *start, int signal_fd, place **where, error **err)
{
    struct provision provision = {0};
    if (sandbox_choose(&start->box, err) < 0)
        return -1;
    rundir *run = rundir_new(&start->box, err);
    if (!run)
        return -1;
    place *made = NULL;
    int result = provide(start, run, signal_fd, &provision, err);
    if (result == 0) {
        made = place_new(start->name, &start->box, start->uri, err);
        result = made ? launch_at(start, made, &provision, signal_fd, err) : -1;
        if (result == 0)
            result = place_launched(made, err);
        if (made && result != 0) {
            living_end(made, &start->box, NULL);
            place_remove(made, NULL);
            place_free(STEAL(made));
        }
        provision_clear(&provision);
    }
    rundir_free(run);
    *where = made;
    return result;
}

int start_hold(const place *place, const struct sandbox *box)
{
    int lock;
    int number = place_take_session(place, &lock, NULL);
    /* The lock's descriptor is kept for as long as this process lives. */
    return number < 0 ? -1 : ports_connect_sandboxed(place, box, number, NULL);
}
