/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hotplug.h"

#include <string.h>

struct hotplug {
    hypervisor *hv;
    slots *table;
    bool removed[SLOT_COUNT]; /* by the hypervisor, while detaching */
    bool gone;                /* in the agent's eyes, all that were detaching */
};

hotplug *hotplug_new(hypervisor *hv)
{
    hotplug *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hv = hv;
    self->table = slots_new(SLOT_COUNT);
    if (!self->table) {
        free(self);
        return NULL;
    }
    return self;
}

void hotplug_free(hotplug *self)
{
    if (!self)
        return;
    slots_free(self->table);
    free(self);
}

void hotplug_disk_clear(disk *request)
{
    xdr_free((xdrproc_t)xdr_disk, request);
    memset(request, 0, sizeof *request);
}

/* Names this occupant of the slot and no other one, before or after. */
static int name_disk(hotplug *self, unsigned slot, uint64_t size, disk *request, error **err)
{
    char *serial;
    int length = asprintf(&serial, "%04x", slots_generation(self->table, slot) & 0xffff);
    if (length < 0)
        return error_no_memory(err);
    *request = (disk){.slot = slot, .size = size, .serial = {(u_int)length, serial}};
    return 0;
}

int hotplug_attach(hotplug *self, const struct hypervisor_disk *wanted, disk *request, error **err)
{
    struct hypervisor_disk disk = *wanted;
    int slot = slots_reserve(self->table, err);
    if (slot < 0)
        return -1;
    if (name_disk(self, (unsigned)slot, wanted->chain->size, request, err) < 0)
        goto rollback;
    disk.slot = (unsigned)slot;
    disk.serial = request->serial.serial_val;
    if (self->hv->ops->attach(self->hv, &disk, err) < 0)
        goto clear;
    return 0;
clear:
    hotplug_disk_clear(request);
rollback:
    slots_rollback(self->table, (unsigned)slot, NULL);
    return -1;
}

int hotplug_confirm(hotplug *self, unsigned slot, error **err)
{
    return slots_commit(self->table, slot, err);
}

int hotplug_detach_all(hotplug *self, unsigned *slots, error **err)
{
    int count = 0;
    self->gone = false;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        /* One that was never confirmed belongs to a guest that got no answer: it goes as well. */
        if (slots_state(self->table, slot) == SLOT_ATTACHING)
            slots_commit(self->table, slot, NULL);
        if (slots_state(self->table, slot) != SLOT_READY)
            continue;
        if (slots_detach(self->table, slot, err) < 0 ||
            self->hv->ops->detach(self->hv, slot, err) < 0)
            return -1;
        self->removed[slot] = false;
        slots[count++] = slot;
    }
    return count;
}

/* Frees what both sides have let go of. */
static int release(hotplug *self, error **err)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (self->gone && self->removed[slot] && slots_state(self->table, slot) == SLOT_DETACHING) {
            self->removed[slot] = false;
            if (slots_release(self->table, slot, err) < 0)
                return -1;
        }
    return 0;
}

int hotplug_removed(hotplug *self, unsigned slot, error **err)
{
    if (slots_state(self->table, slot) != SLOT_DETACHING)
        return error_set(err, STATUS_CRASHED, "the disk at slot %u went away by itself", slot);
    self->removed[slot] = true;
    return release(self, err);
}

int hotplug_gone(hotplug *self, error **err)
{
    self->gone = true;
    return release(self, err);
}

unsigned hotplug_attached(const hotplug *self)
{
    return slots_limit(self->table) - slots_count(self->table, SLOT_FREE);
}
