/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "persistent-slots.h"

#include "base/clock.h"
#include "base/drive-name.h"
#include "base/text.h"
#include "image/image-overlay.h"
#include "slot-table.h"
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

/* For the guest to announce a disk, or to let go of one: 40 ms each on an idle machine. */
#define PATIENCE (30 * CLOCK_SECOND)
/* For what was written to be on the host's disk: it may be all of the guest's memory, and what the
 * host's memory has of the image, and the disk may be slow. */
#define FLUSH_PATIENCE (600 * CLOCK_SECOND)

struct persistent_slots {
    hypervisor *hv;
    agent_client *agent;
    bool silent; /* a question to the agent is without an answer: it hears no others */
    bool ended;  /* the hypervisor has said so */
    uint64_t patience;
    struct launch_settings settings;
    slot_table *table;
    struct disk_record records[SLOT_COUNT]; /* of the slots that are ready */
    bool removed[SLOT_COUNT];               /* the hypervisor has said so since it was asked to */
};

/* What there is, before anything is done about it. */
struct disk_names {
    struct hypervisor_slot held[SLOT_COUNT];
    answer listed; /* the agent's */
};

void persistent_slots_free(persistent_slots *self)
{
    if (!self)
        return;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        disk_record_clear(&self->records[slot]);
    slot_table_free(self->table);
    free(self);
}

const struct launch_settings *persistent_slots_settings(const persistent_slots *self)
{
    return &self->settings;
}

const struct disk_record *persistent_slots_disk(const persistent_slots *self, unsigned slot)
{
    return slot_table_state(self->table, slot) == SLOT_READY ? &self->records[slot] : NULL;
}

void persistent_slots_set_patience(persistent_slots *self, uint64_t patience)
{
    self->patience = patience;
}

/* --- questions to the agent --- */

/* The channel ends with its QEMU; where that had not read everything, the kernel has other words
 * for it. */
static int call_it_ended(error **err)
{
    int why = err ? error_errno(*err) : 0;
    if (why != ECONNRESET && why != EPIPE)
        return -1;
    error_free(STEAL(*err));
    return error_set(err, ERROR_APPLIANCE, "the appliance has ended");
}

/* The answer to what was just asked, if that worked; it is the caller's. */
static int hear(persistent_slots *self, int asked, uint64_t patience, answer *reply, error **err)
{
    *reply = (answer){0};
    if (asked == 0 && agent_client_wait(self->agent, clock_now() + patience, reply, err) == 0)
        return 0;
    self->silent = true;
    return call_it_ended(err);
}

/* The same where the answer says no more than whether it worked. */
static int hear_done(persistent_slots *self, int asked, uint64_t patience, enum error_kind kind,
                     error **err)
{
    answer reply;
    if (hear(self, asked, patience, &reply, err) < 0)
        return -1;
    return agent_client_take_done(&reply, kind, err);
}

/* --- one disk --- */

/* What the hypervisor has said by now; of what commands that were killed have removed, too. */
static void take_events(persistent_slots *self)
{
    struct hypervisor_event event;
    while ((event = self->hv->ops->next_event(self->hv)).kind == HYPERVISOR_DISK_REMOVED)
        self->removed[event.slot] = true;
    self->ended = self->ended || event.kind == HYPERVISOR_ENDED;
}

static int await_removal(persistent_slots *self, unsigned slot, error **err)
{
    uint64_t deadline = clock_now() + self->patience;
    for (;;) {
        take_events(self);
        if (self->removed[slot])
            return 0;
        if (self->ended)
            return error_set(err, ERROR_APPLIANCE, "the appliance has ended");
        struct pollfd wait = {self->hv->ops->event_fd(self->hv), POLLIN, 0};
        int ready = poll(&wait, 1, clock_poll_timeout(deadline));
        if (ready == 0)
            return error_set(err, ERROR_TIMEOUT,
                             "the appliance has not let go of the disk at slot %u", slot);
    }
}

/* Detaches the disk, even if it is in use. */
static int begin_removal(persistent_slots *self, unsigned slot, error **err)
{
    take_events(self);
    self->removed[slot] = false;
    return self->hv->ops->detach(self->hv, slot, err);
}

/* Waits until it is gone on both sides; on the hypervisor's alone where the agent is silent: the
 * next host will ask it. */
static int end_removal(persistent_slots *self, unsigned slot, error **err)
{
    gone_args args = {.slots = {1, &slot}};
    if (await_removal(self, slot, err) < 0)
        return -1;
    if (self->silent)
        return 0;
    return hear_done(self, agent_client_gone(self->agent, &args, err), self->patience,
                     ERROR_APPLIANCE, err);
}

static int remove_disk(persistent_slots *self, unsigned slot, error **err)
{
    return begin_removal(self, slot, err) < 0 ? -1 : end_removal(self, slot, err);
}

/* --- what killed commands have left --- */

static int take_inventory(persistent_slots *self, struct disk_names *found, error **err)
{
    /* The agent looks while the hypervisor is asked. */
    int asked = agent_client_list(self->agent, err);
    if (asked < 0 || self->hv->ops->inspect(self->hv, found->held, err) < 0)
        return -1;
    return hear(self, asked, self->patience, &found->listed, err);
}

static void clear_inventory(struct disk_names *found)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        free(found->held[slot].record);
    agent_client_answer_clear(&found->listed);
}

static const listed *find_listed(const struct disk_names *found, unsigned slot)
{
    const list_ret *list = &found->listed.body.answer_body_u.list;
    for (u_int i = 0; i < list->disks.disks_len; i++)
        if (list->disks.disks_val[i].disk.slot == slot)
            return &list->disks.disks_val[i];
    return NULL;
}

/* A disk is ready when the hypervisor has it and its record, and the agent has named that very one.
 */
static bool is_ready(const struct hypervisor_slot *held, const listed *seen,
                     struct disk_record *record)
{
    if (!held->device || !held->record || !seen || !seen->named ||
        disk_record_read(held->record, record) < 0)
        return false;
    size_t length = strlen(record->serial);
    if (length > 0 && seen->disk.serial.serial_len == length &&
        memcmp(seen->disk.serial.serial_val, record->serial, length) == 0)
        return true;
    disk_record_clear(record);
    return false;
}

static int mend_slot(persistent_slots *self, const struct disk_names *found, unsigned slot,
                     error **err)
{
    const struct hypervisor_slot *held = &found->held[slot];
    const listed *seen = find_listed(found, slot);
    gone_args gone = {.slots = {1, &slot}};
    if (is_ready(held, seen, &self->records[slot])) {
        if (slot_table_reserve_at(self->table, slot, err) < 0)
            return -1;
        return slot_table_commit(self->table, slot, err);
    }
    if (held->device)
        return remove_disk(self, slot, err);
    if (held->files && self->hv->ops->clear(self->hv, slot, err) < 0)
        return -1;
    /* The guest may be slower than the command that took it away was. */
    return seen ? hear_done(self, agent_client_gone(self->agent, &gone, err), self->patience,
                            ERROR_APPLIANCE, err)
                : 0;
}

static int mend(persistent_slots *self, error **err)
{
    struct disk_names found = {0};
    int result = take_inventory(self, &found, err);
    for (unsigned slot = 0; result == 0 && slot < SLOT_COUNT; slot++)
        result = mend_slot(self, &found, slot, err);
    clear_inventory(&found);
    return result;
}

persistent_slots *persistent_slots_new(hypervisor *hv, agent_client *agent, error **err)
{
    persistent_slots *self = calloc(1, sizeof *self);
    if (!self) {
        error_no_memory(err);
        return NULL;
    }
    self->hv = hv;
    self->agent = agent;
    self->patience = PATIENCE;
    if (hv->ops->settings(hv, &self->settings, err) == 0) {
        self->table = slot_table_new(self->settings.slots);
        if (self->table && mend(self, err) == 0)
            return self;
        if (!self->table)
            error_no_memory(err);
    }
    persistent_slots_free(self);
    return NULL;
}

/* --- slots --- */

static int by_label(const persistent_slots *self, const char *label)
{
    for (unsigned slot = 0; slot < self->settings.slots; slot++) {
        const struct disk_record *record = persistent_slots_disk(self, slot);
        if (record && *record->label && strcmp(record->label, label) == 0)
            return (int)slot;
    }
    return -1;
}

/* A slot's number, or a device's name; -1: it is neither. */
static int by_number(const char *word)
{
    uint64_t number;
    bool digits = *word >= '0' && *word <= '9';
    if (!digits)
        return drive_name_index(word);
    return text_parse_number(word, "slot", 0, INT_MAX, &number, NULL) < 0 ? -1 : (int)number;
}

int persistent_slots_find(const persistent_slots *self, const char *word, error **err)
{
    int slot = by_label(self, word);
    if (slot < 0)
        slot = by_number(word);
    if (slot < 0)
        return error_set(err, ERROR_REFUSED,
                         "\"%s\" is no slot, no device of one, and no disk's label", word);
    return slot_table_check(self->table, (unsigned)slot, err) < 0 ? -1 : slot;
}

/* --- attach --- */

/* Tells this disk from those that were in the slot before. */
static int make_serial(char serial[MAX_SERIAL + 1], error **err)
{
    uint16_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return error_set_errno(err, ERROR_HOST, errno, "cannot get a random number");
    snprintf(serial, MAX_SERIAL + 1, "%04x", number);
    return 0;
}

static int make_record(const struct persistent_slots_request *request, struct disk_record *record,
                       error **err)
{
    *record = (struct disk_record){
        .mode = request->mode,
        .format = image_overlay_below(request->chain),
        .size = request->chain->size,
        .image = strdup(request->image),
    };
    if (request->label)
        snprintf(record->label, sizeof record->label, "%s", request->label);
    if (!record->image)
        return error_no_memory(err);
    return make_serial(record->serial, err);
}

/* A read-only null drive only keeps a slot for another disk. */
static bool is_placeholder(const char *image, enum disk_mode mode)
{
    return mode == DISK_READ_ONLY && strcmp(image, "/dev/null") == 0;
}

static bool gives_way(const struct disk_record *there,
                      const struct persistent_slots_request *request)
{
    return is_placeholder(there->image, there->mode) &&
           !is_placeholder(request->image, request->mode);
}

/* The lowest free slot, or else the lowest whose disk gives way; -1: none. */
static int choose_slot(const persistent_slots *self, const struct persistent_slots_request *request)
{
    for (unsigned slot = 0; slot < self->settings.slots; slot++)
        if (slot_table_state(self->table, slot) == SLOT_FREE)
            return (int)slot;
    for (unsigned slot = 0; slot < self->settings.slots; slot++) {
        const struct disk_record *there = persistent_slots_disk(self, slot);
        if (there && gives_way(there, request))
            return (int)slot;
    }
    return -1;
}

static int reserve(persistent_slots *self, const struct persistent_slots_request *request,
                   error **err)
{
    int slot = request->slot < 0 ? choose_slot(self, request) : request->slot;
    if (slot < 0)
        return slot_table_reserve(self->table, err); /* which says that there is none */
    const struct disk_record *there = persistent_slots_disk(self, (unsigned)slot);
    bool swap = there && (request->replace || gives_way(there, request));
    int namesake = request->label ? by_label(self, request->label) : -1;
    if (namesake >= 0 && !(swap && namesake == slot))
        return error_set(err, ERROR_REFUSED, "the label %s is that of the disk at slot %d",
                         request->label, namesake);
    if (swap && persistent_slots_detach(self, (unsigned)slot, false, err) < 0)
        return -1;
    return slot_table_reserve_at(self->table, (unsigned)slot, err) < 0 ? -1 : slot;
}

/* The kernel has seen that very disk, and it has its names. */
static int name_disk(persistent_slots *self, unsigned slot, const struct disk_record *record,
                     error **err)
{
    name_args args = {.disk = {.slot = slot, .size = record->size}};
    args.disk.serial.serial_val = (char *)record->serial;
    args.disk.serial.serial_len = (u_int)strlen(record->serial);
    args.label.label_val = (char *)record->label;
    args.label.label_len = (u_int)strlen(record->label);
    return hear_done(self, agent_client_name(self->agent, &args, err), self->patience,
                     ERROR_REFUSED, err);
}

static int plug(persistent_slots *self, unsigned slot,
                const struct persistent_slots_request *request, const struct disk_record *record,
                error **err)
{
    AUTO_FREE char *text = disk_record_write(record);
    if (!text)
        return error_no_memory(err);
    struct hypervisor_disk disk = {
        .slot = slot,
        .chain = request->chain,
        .serial = record->serial,
        .block_size = request->block_size,
        .writable = request->mode != DISK_READ_ONLY,
        .record = text,
    };
    if (self->hv->ops->attach(self->hv, &disk, err) < 0)
        return -1;
    if (name_disk(self, slot, record, err) == 0)
        return 0;
    remove_disk(self, slot, NULL); /* where that fails, the next command does it */
    return -1;
}

int persistent_slots_attach(persistent_slots *self, const struct persistent_slots_request *request,
                            unsigned *slot, error **err)
{
    AUTO_DISK_RECORD struct disk_record record = {0};
    int reserved = reserve(self, request, err);
    if (reserved < 0)
        return -1;
    *slot = (unsigned)reserved;
    if (make_record(request, &record, err) < 0 || plug(self, *slot, request, &record, err) < 0) {
        slot_table_rollback(self->table, *slot, NULL);
        return -1;
    }
    self->records[*slot] = record;
    record = (struct disk_record){0};
    return slot_table_commit(self->table, *slot, err);
}

/* --- detach --- */

int persistent_slots_detach_begin(persistent_slots *self, unsigned slot, bool force, error **err)
{
    release_args args = {.slot = slot, .force = force};
    const struct disk_record *record = persistent_slots_disk(self, slot);
    if (!record)
        return error_set(err, ERROR_REFUSED, "there is no disk at slot %u", slot);
    args.discard = record->mode == DISK_TRANSIENT;
    uint64_t patience = record->mode == DISK_WRITABLE ? FLUSH_PATIENCE : self->patience;
    if (hear_done(self, agent_client_release(self->agent, &args, err), patience, ERROR_REFUSED,
                  err) < 0)
        return -1;
    return slot_table_detach(self->table, slot, err) < 0 ? -1 : begin_removal(self, slot, err);
}

int persistent_slots_detach_end(persistent_slots *self, unsigned slot, error **err)
{
    if (end_removal(self, slot, err) < 0)
        return -1;
    disk_record_clear(&self->records[slot]);
    return slot_table_release(self->table, slot, err);
}

int persistent_slots_detach(persistent_slots *self, unsigned slot, bool force, error **err)
{
    return persistent_slots_detach_begin(self, slot, force, err) < 0
               ? -1
               : persistent_slots_detach_end(self, slot, err);
}
