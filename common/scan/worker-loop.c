/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-loop.h"

#include "appliance/slot-hotplug.h"
#include "appliance/template-cache.h"
#include "appliance/template-capabilities.h"
#include "base/clock.h"
#include "base/poll-set.h"
#include "base/text-format.h"
#include "disk-order.h"
#include "guest/keys.h"
#include "wire/packet.h"
#include "worker-report.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

/* A guest between its first disk and its answer. */
struct under_way {
    uint64_t guest;
    u_int disk_count;
    disk disks[SLOT_COUNT];
    key_list keys;     /* its own; without the passphrases once it is asked about */
    error *failed;     /* a disk could not be attached: this is the answer */
    uint64_t attached; /* microseconds spent attaching */
};

struct worker_state {
    const struct worker_config *config;
    int orders;
    struct worker_report_stream reports;
    hypervisor *hv;
    agent_client *agent;
    slot_hotplug *disks;
    struct under_way *filling; /* the guest whose disks are being attached, or NULL */
    struct under_way *asked[WORKER_GUESTS_MAX]; /* in the order of their questions: a ring */
    size_t first, count;
    key_list keys;     /* of the run */
    uint64_t emptying; /* since when, 0: not */
    uint64_t waited;   /* microseconds, for ORDER_START */
    bool started;      /* or it need not wait for ORDER_START */
    bool finishing;
};

static void on_trace(void *data, const char *what, double seconds)
{
    struct worker_state *self = data;
    char text[128];
    snprintf(text, sizeof text, "%s: %s: %.1f ms", self->config->driver->name, what,
             seconds * 1000);
    worker_report_text(&self->reports, REPORT_LOG, text);
}

/* Those of an order, as XDR has allocated them. */
static void wipe_keys(key_list *keys)
{
    for (u_int i = 0; i < keys->key_list_len; i++)
        explicit_bzero(keys->key_list_val[i].passphrase.passphrase_val,
                       keys->key_list_val[i].passphrase.passphrase_len);
    xdr_free((xdrproc_t)xdr_key_list, keys);
    *keys = (key_list){0};
}

static void free_under_way(struct under_way *guest)
{
    if (!guest)
        return;
    for (u_int i = 0; i < guest->disk_count; i++)
        slot_hotplug_disk_clear(&guest->disks[i]);
    wipe_keys(&guest->keys);
    error_free(guest->failed);
    free(guest);
}

/* --- orders --- */

/* What may open the disk: the key that came with it, and those of the run. */
static int attach_disk(struct worker_state *self, const disk_order *order, const int *fds,
                       size_t fd_count, error **err)
{
    AUTO_DISK_ORDER_DISK struct disk_order_disk wanted = {0};
    struct under_way *guest = self->filling;
    if (guest->disk_count == SLOT_COUNT)
        return error_set(err, ERROR_APPLIANCE, "orders for more disks than there are slots");
    if (disk_order_decode(order, fds, fd_count, &wanted, err) < 0)
        return -1;
    /* Together they are MAX_KEYS at most: on_guest_keys() has seen to it. */
    wanted.disk.key_count +=
        keys_for_disk(&guest->keys, guest->disk_count, wanted.keys + wanted.disk.key_count);
    wanted.disk.key_count +=
        keys_for_disk(&self->keys, guest->disk_count, wanted.keys + wanted.disk.key_count);
    if (slot_hotplug_attach(self->disks, &wanted.disk, &guest->disks[guest->disk_count], err) < 0)
        return -1;
    guest->disk_count++;
    return 0;
}

/* The guest whose disks are being attached. NULL and *err. */
static struct under_way *filling(struct worker_state *self, uint64_t number, error **err)
{
    if (!self->filling) {
        self->filling = calloc(1, sizeof *self->filling);
        if (!self->filling) {
            error_no_memory(err);
            return NULL;
        }
        self->filling->guest = number;
    }
    if (self->filling->guest == number)
        return self->filling;
    error_set(err, ERROR_APPLIANCE, "orders for two guests at once");
    return NULL;
}

static int on_guest_keys(struct worker_state *self, guest_keys *order, error **err)
{
    struct under_way *guest = filling(self, order->guest, err);
    if (!guest)
        return -1;
    if (guest->disk_count > 0 || guest->keys.key_list_len > 0 ||
        !keys_fit(&self->keys, &order->keys))
        return error_set(err, ERROR_APPLIANCE, "keys of a guest that are too many, or too late");
    guest->keys = order->keys;
    order->keys = (key_list){0};
    return 0;
}

static int on_disk(struct worker_state *self, const disk_order *order, const int *fds,
                   size_t fd_count, error **err)
{
    struct under_way *guest = filling(self, order->guest, err);
    if (!guest)
        return -1;
    uint64_t since = clock_now();
    if (!guest->failed && attach_disk(self, order, fds, fd_count, &guest->failed) < 0 &&
        !error_is_of_guest(guest->failed))
        /* The guest is not to blame: it is for another appliance. */
        return error_propagate(err, STEAL(guest->failed));
    guest->attached += clock_now() - since;
    return 0;
}

static int refuse_guest(struct worker_state *self, struct under_way *guest)
{
    int sent = worker_report_refusal(&self->reports, guest->guest, guest->attached, guest->failed);
    free_under_way(guest);
    return sent;
}

/* The guest's and the run's, in all[]; they stay where they are. */
static key_list all_keys(const struct worker_state *self, const struct under_way *guest,
                         key all[MAX_KEYS])
{
    u_int count = 0;
    for (u_int i = 0; i < guest->keys.key_list_len; i++)
        all[count++] = guest->keys.key_list_val[i];
    for (u_int i = 0; i < self->keys.key_list_len && count < MAX_KEYS; i++)
        all[count++] = self->keys.key_list_val[i];
    return (key_list){count, all};
}

static int on_ask(struct worker_state *self, const ask_order *asked, error **err)
{
    struct under_way *guest = STEAL(self->filling);
    if (!guest || guest->guest != asked->guest || self->count == WORKER_GUESTS_MAX) {
        free_under_way(guest);
        return error_set(err, ERROR_APPLIANCE, "an order to ask about what is not attached");
    }
    if (guest->failed)
        return refuse_guest(self, guest);
    self->asked[(self->first + self->count++) % WORKER_GUESTS_MAX] = guest;
    key all[MAX_KEYS];
    const struct question_disks disks = {
        guest->disks, guest->disk_count, all_keys(self, guest, all), asked->alone, asked->larger,
        asked->last,  asked->replays};
    int asked_now = question_ask(&self->config->question, &disks, self->agent, err);
    wipe_keys(&guest->keys);
    return asked_now;
}

static int emptied(struct worker_state *self)
{
    report message = {.kind = REPORT_EMPTIED};
    message.report_u.emptied = clock_now() - self->emptying;
    self->emptying = 0;
    return worker_report_send(&self->reports, &message);
}

static int on_empty(struct worker_state *self, error **err)
{
    u_int slots[SLOT_COUNT];
    self->emptying = clock_now();
    int count = slot_hotplug_detach_all(self->disks, slots, err);
    if (count < 0)
        return -1;
    gone_args args = {.slots = {(u_int)count, slots}};
    return count == 0 ? emptied(self) : agent_client_gone(self->agent, &args, err);
}

static int on_start(struct worker_state *self, error **err)
{
    if (self->started)
        return error_set(err, ERROR_APPLIANCE, "an order to start what has been started");
    self->started = true;
    return 0;
}

static int obey(struct worker_state *self, order *order, const int *fds, size_t fd_count,
                error **err)
{
    if (!self->disks && order->kind != ORDER_START && order->kind != ORDER_KEYS)
        return error_set(err, ERROR_APPLIANCE, "an order before there is an appliance");
    switch (order->kind) {
    case ORDER_DISK:
        return on_disk(self, &order->order_u.disk, fds, fd_count, err);
    case ORDER_ASK:
        return on_ask(self, &order->order_u.ask, err);
    case ORDER_EMPTY:
        return on_empty(self, err);
    case ORDER_FINISH:
        self->finishing = true;
        return 0;
    case ORDER_KEYS:
        self->keys = order->order_u.keys;
        order->order_u.keys = (key_list){0};
        return 0;
    case ORDER_GUEST_KEYS:
        return on_guest_keys(self, &order->order_u.guest_keys, err);
    case ORDER_START:
        return on_start(self, err);
    }
    return error_set(err, ERROR_APPLIANCE, "an order of an unknown kind");
}

static int on_order(struct worker_state *self, error **err)
{
    int fds[MAX_LAYERS];
    size_t fd_count;
    order message = {0};
    int got = packet_receive(self->orders, (xdrproc_t)xdr_order, &message, sizeof message, fds,
                             &fd_count);
    if (got == -EAGAIN || got == -EINTR)
        return 0;
    if (got == -EBADMSG)
        return error_set(err, ERROR_APPLIANCE, "the supervisor sent an invalid order");
    if (got < 0)
        return error_set_errno(err, ERROR_HOST, -got, "cannot take orders");
    if (got == 0)
        return error_set(err, ERROR_APPLIANCE, "the supervisor has gone");
    int result = obey(self, &message, fds, fd_count, err);
    if (message.kind == ORDER_GUEST_KEYS)
        wipe_keys(&message.order_u.guest_keys.keys);
    if (message.kind == ORDER_DISK && message.order_u.disk.passphrase.passphrase_len > 0)
        explicit_bzero(message.order_u.disk.passphrase.passphrase_val,
                       message.order_u.disk.passphrase.passphrase_len);
    xdr_free((xdrproc_t)xdr_order, &message);
    for (size_t i = 0; i < fd_count; i++)
        close(fds[i]);
    return result;
}

/* --- what the agent and the hypervisor say --- */

/* An answer about the guest whose turn it is. Passed on as it came: the supervisor looks into it.
 * The last one says that the agent has seen the guest's disks; then the worker forgets the guest.
 */
static int on_told(struct worker_state *self, const answer_body *told, error **err)
{
    struct under_way *guest = self->asked[self->first];
    bool last = !question_continues(&self->config->question, told);
    for (u_int i = 0; last && i < guest->disk_count; i++)
        if (slot_hotplug_confirm(self->disks, guest->disks[i].slot, err) < 0 ||
            slot_hotplug_vacate(self->disks, guest->disks[i].slot, err) < 0)
            return -1;
    int sent = worker_report_answer(&self->reports, guest->guest, guest->attached, told);
    if (sent < 0 || !last)
        return sent;
    self->first = (self->first + 1) % WORKER_GUESTS_MAX;
    self->count--;
    free_under_way(guest);
    return 0;
}

static int after_detach(struct worker_state *self)
{
    return self->emptying && slot_hotplug_attached(self->disks) == 0 ? emptied(self) : 0;
}

/* Besides the question of the run, a worker asks only whether disks are gone. */
static int on_answer(struct worker_state *self, const answer *reply, error **err)
{
    const done_ret *done = &reply->body.answer_body_u.gone;
    if (reply->body.op != OP_GONE)
        return on_told(self, &reply->body, err);
    if (done->message.message_len > 0)
        return error_set(err, ERROR_APPLIANCE, "the disks cannot be detached: %.*s",
                         (int)done->message.message_len, done->message.message_val);
    return slot_hotplug_gone(self->disks, err) < 0 ? -1 : after_detach(self);
}

static int on_agent(struct worker_state *self, error **err)
{
    answer reply = {0};
    int got;
    if (agent_client_fill(self->agent, err) < 0)
        return -1;
    while ((got = agent_client_next(self->agent, &reply, err)) > 0) {
        int result = on_answer(self, &reply, err);
        agent_client_answer_clear(&reply);
        if (result < 0)
            return -1;
    }
    return got;
}

static int on_hypervisor(struct worker_state *self, error **err)
{
    for (;;) {
        struct hypervisor_event event = self->hv->ops->next_event(self->hv);
        switch (event.kind) {
        case HYPERVISOR_NOTHING:
            return after_detach(self);
        case HYPERVISOR_ENDED:
            return error_set(err, ERROR_APPLIANCE, "the appliance has ended");
        case HYPERVISOR_DISK_REMOVED:
            if (slot_hotplug_removed(self->disks, event.slot, err) < 0)
                return -1;
        }
    }
}

/* --- the process --- */

/* Reads what the agent of a failed appliance has sent: a guest that it has answered for need not be
 * tried again. */
static int hear_out(struct worker_state *self)
{
    struct pollfd readable = {agent_client_fd(self->agent), POLLIN, 0};
    while (poll(&readable, 1, 0) == 1 && on_agent(self, NULL) == 0)
        ;
    return -1;
}

/* Answers first: the supervisor waits for them, and an order takes milliseconds. */
static int serve(struct worker_state *self, error **err)
{
    while (!(self->finishing && self->count == 0)) {
        struct poll_set set = {.count = 0};
        bool answered, writable, happened, ordered;
        int agent = agent_client_fd(self->agent);
        poll_set_add(&set, agent, POLLIN, &answered);
        poll_set_add(&set, agent_client_wants_write(self->agent) ? agent : -1, POLLOUT, &writable);
        poll_set_add(&set, self->hv->ops->event_fd(self->hv), POLLIN, &happened);
        /* While it empties it takes no orders, but hears that the supervisor has gone. */
        poll_set_add(&set, self->orders, self->emptying ? 0 : POLLIN, &ordered);
        int waited = poll_set_wait(&set, CLOCK_NEVER);
        if (waited < 0)
            return error_set_errno(err, ERROR_HOST, -waited, "cannot wait");
        if ((answered && on_agent(self, err) < 0) ||
            (writable && agent_client_flush(self->agent, err) < 0))
            return -1;
        if ((happened && on_hypervisor(self, err) < 0) || (ordered && on_order(self, err) < 0))
            return hear_out(self);
    }
    return 0;
}

/* 1: capabilities were probed anew, and are where the supervisor looks for them; 0; -1 and *err. */
static int keep_probed(struct worker_state *self, error **err)
{
    if (!self->config->template_dir || !self->hv->ops->probed(self->hv))
        return 0;
    AUTO_FREE char *path = template_capabilities_probed(self->config->root);
    if (!path)
        return error_no_memory(err);
    self->hv->ops->keep_capabilities(self->hv, path);
    return 1;
}

static int report_ready(struct worker_state *self, uint64_t since, error **err)
{
    report message = {.kind = REPORT_READY};
    int probed = keep_probed(self, err);
    if (probed < 0)
        return -1;
    message.report_u.ready = (ready_report){
        .took = clock_now() - since - self->waited,
        .restored = self->config->template_dir != NULL,
        .probed = probed,
    };
    if (worker_report_send(&self->reports, &message) < 0)
        return error_set(err, ERROR_APPLIANCE, "the supervisor has gone");
    return 0;
}

/* Loads and locks what a template must have loaded and locked, and saves it. */
static int build(struct worker_state *self, uint64_t deadline, error **err)
{
    AUTO_FREE char *path = NULL;
    if (agent_client_prepare(self->agent, err) < 0 ||
        agent_client_wait_done(self->agent, deadline, ERROR_APPLIANCE, err) < 0)
        return error_prefix(err, "the appliance could not be prepared");
    path = text_format("%s/state", self->config->build_dir);
    if (!path)
        return error_no_memory(err);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make %s", path);
    if (self->hv->ops->save(self->hv, fd, err) < 0)
        return -1;
    AUTO_FREE char *capabilities = template_capabilities_path(self->config->build_dir);
    if (!capabilities)
        return error_no_memory(err);
    self->hv->ops->keep_capabilities(self->hv, capabilities);
    return worker_report_send(&self->reports, &(report){.kind = REPORT_SAVED});
}

/* The memory's file: the template's, the one being built, or one of this appliance alone. */
static char *memory_path(const struct worker_config *config)
{
    if (config->template_dir)
        return strdup(config->memory_path);
    return text_format("%s/ram", config->build_dir ? config->build_dir : config->root);
}

static int make_hypervisor(struct worker_state *self, error **err)
{
    const struct worker_config *config = self->config;
    AUTO_FREE char *capabilities =
        config->template_dir ? template_capabilities_path(config->template_dir) : NULL;
    const struct hypervisor_options options = {
        .root = config->root,
        .capabilities = capabilities,
        .trace = config->trace ? on_trace : NULL,
        .trace_data = self,
    };
    self->hv = config->driver->create(&options, err);
    return self->hv ? 0 : -1;
}

/* The hypervisor is there, which took some time: meanwhile the template's sums were compared, and
 * its memory was copied. */
static int await_start(struct worker_state *self, uint64_t deadline, error **err)
{
    const struct appliance_config *appliance = &self->config->appliance;
    if (!self->started && self->hv->ops->prepare)
        self->hv->ops->prepare(self->hv, appliance->files.architecture, appliance->accel);
    const uint64_t since = clock_now();
    while (!self->started) {
        struct pollfd readable = {self->orders, POLLIN, 0};
        int ready = poll(&readable, 1, clock_poll_timeout(deadline));
        if (ready < 0 && errno != EINTR)
            return error_set_errno(err, ERROR_HOST, errno, "cannot wait");
        if (ready == 0)
            return error_set(err, ERROR_TIMEOUT, "the supervisor did not say when to start");
        if (ready > 0 && on_order(self, err) < 0)
            return -1;
    }
    self->waited = clock_now() - since;
    return 0;
}

static int bring_up(struct worker_state *self, uint64_t deadline, error **err)
{
    const struct worker_config *config = self->config;
    AUTO_FREE char *memory = config->no_file ? NULL : memory_path(config);
    AUTO_FD int state = config->template_dir ? appliance_open_state(config->template_dir, err) : -1;
    if (!memory && !config->no_file)
        return error_no_memory(err);
    if (config->template_dir && state < 0)
        return -1;
    struct appliance_paths place = {
        .root = config->root,
        .memory_path = memory,
        .memory_read_only = config->memory_read_only,
        .state_fd = state,
    };
    if (make_hypervisor(self, err) < 0 || await_start(self, deadline, err) < 0)
        return -1;
    return appliance_start(self->hv, &config->appliance, &place, deadline, &self->agent, err);
}

static int run(struct worker_state *self, error **err)
{
    uint64_t since = clock_now();
    uint64_t deadline = since + self->config->start_timeout * CLOCK_SECOND;
    if (bring_up(self, deadline, err) < 0)
        return -1;
    if (self->config->build_dir)
        return build(self, deadline, err);
    self->disks = slot_hotplug_new(self->hv, appliance_reserved(&self->config->appliance));
    if (!self->disks)
        return error_no_memory(err);
    return report_ready(self, since, err) < 0 ? -1 : serve(self, err);
}

/* Only the last lines of its kernel say why it died. */
static void report_console(struct worker_state *self)
{
    char tail[1200], *line, *rest = tail;
    appliance_console_tail(self->config->root, tail, sizeof tail);
    while ((line = strsep(&rest, "\r\n")))
        if (*line)
            worker_report_text(&self->reports, REPORT_CONSOLE, line);
}

int worker_loop(const struct worker_config *config, int orders, int reports, error *refused)
{
    AUTO_ERROR error *err = refused;
    AUTO_FRAME_WRITER frame_writer *out = frame_writer_new(2 * PROTOCOL_MAX_FRAME);
    struct worker_state self = {
        .config = config, .orders = orders, .reports = {reports, out}, .started = !config->waits};
    if (!out)
        return 1;
    int result = refused ? -1 : run(&self, &err);
    if (result < 0 && self.agent)
        report_console(&self);
    if (result < 0)
        worker_report_text(&self.reports, REPORT_FAILED,
                           err ? error_message(err) : "the supervisor has gone");
    if (self.hv)
        self.hv->ops->end(self.hv);
    return result < 0 ? 1 : 0; /* the process ends: what is left goes with it */
}
