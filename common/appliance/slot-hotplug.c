/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slot-hotplug.h"
#include "base/text-format.h"

#include <string.h>

struct slot_hotplug {
    hypervisor *hv;
    slot_table *table;
    bool removed[SLOT_COUNT]; /* by the hypervisor, while detaching */
    bool gone;                /* in the agent's eyes, all that were detaching */
};

slot_hotplug *slot_hotplug_new(hypervisor *hv)
{
    slot_hotplug *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hv = hv;
    self->table = slot_table_new(SLOT_COUNT);
    if (!self->table) {
        free(self);
        return NULL;
    }
    return self;
}

void slot_hotplug_free(slot_hotplug *self)
{
    if (!self)
        return;
    slot_table_free(self->table);
    free(self);
}

void slot_hotplug_disk_clear(disk *request)
{
    xdr_free((xdrproc_t)xdr_disk, request);
    memset(request, 0, sizeof *request);
}

/* Names this occupant of the slot and no other one, before or after. */
static int name_disk(slot_hotplug *self, unsigned slot, uint64_t size, disk *request, error **err)
{
    char *serial = text_format("%04x", slot_table_generation(self->table, slot) & 0xffff);
    if (!serial)
        return error_no_memory(err);
    *request = (disk){.slot = slot, .size = size, .serial = {(u_int)strlen(serial), serial}};
    return 0;
}

int slot_hotplug_attach(slot_hotplug *self, const struct hypervisor_disk *wanted, disk *request,
                        error **err)
{
    struct hypervisor_disk disk = *wanted;
    int slot = slot_table_reserve(self->table, err);
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
    slot_hotplug_disk_clear(request);
rollback:
    slot_table_rollback(self->table, (unsigned)slot, NULL);
    return -1;
}

int slot_hotplug_confirm(slot_hotplug *self, unsigned slot, error **err)
{
    return slot_table_commit(self->table, slot, err);
}

int slot_hotplug_detach_all(slot_hotplug *self, unsigned *slots, error **err)
{
    int count = 0;
    self->gone = false;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        /* One that was never confirmed belongs to a guest that got no answer: it goes as well. */
        if (slot_table_state(self->table, slot) == SLOT_ATTACHING)
            slot_table_commit(self->table, slot, NULL);
        if (slot_table_state(self->table, slot) != SLOT_READY)
            continue;
        if (slot_table_detach(self->table, slot, err) < 0 ||
            self->hv->ops->detach(self->hv, slot, err) < 0)
            return -1;
        self->removed[slot] = false;
        slots[count++] = slot;
    }
    return count;
}

/* Frees what both sides have let go of. */
static int release(slot_hotplug *self, error **err)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (self->gone && self->removed[slot] &&
            slot_table_state(self->table, slot) == SLOT_DETACHING) {
            self->removed[slot] = false;
            if (slot_table_release(self->table, slot, err) < 0)
                return -1;
        }
    return 0;
}

int slot_hotplug_removed(slot_hotplug *self, unsigned slot, error **err)
{
    if (slot_table_state(self->table, slot) != SLOT_DETACHING)
        return error_set(err, ERROR_APPLIANCE, "the disk at slot %u went away by itself", slot);
    self->removed[slot] = true;
    return release(self, err);
}

int slot_hotplug_gone(slot_hotplug *self, error **err)
{
    self->gone = true;
    return release(self, err);
}

unsigned slot_hotplug_attached(const slot_hotplug *self)
{
    return slot_table_limit(self->table) - slot_table_count(self->table, SLOT_FREE);
}
