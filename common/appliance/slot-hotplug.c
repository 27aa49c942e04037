/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slot-hotplug.h"
#include "base/text-format.h"

#include <string.h>

/* What disks of a slot come to be behind, one after the other. */
struct drive {
    unsigned block_size;
    char serial[MAX_SERIAL + 1];
    unsigned replaced; /* how many disks have taken the place of the first */
};

struct slot_hotplug {
    hypervisor *hv;
    slot_table *table;
    struct drive drives[SLOT_COUNT]; /* of slots that have been vacant: otherwise nothing */
    bool removed[SLOT_COUNT];        /* by the hypervisor, while detaching */
    bool gone;                       /* in the agent's eyes, all that were detaching */
};

/* Its device is there, and what is behind it has nothing to be read. */
static void begin_vacant(slot_hotplug *self, unsigned slot)
{
    slot_table_reserve_at(self->table, slot, NULL);
    slot_table_commit(self->table, slot, NULL);
    slot_table_vacate(self->table, slot, NULL);
    self->drives[slot] =
        (struct drive){.block_size = RESERVED_BLOCK_SIZE, .serial = RESERVED_SERIAL};
}

slot_hotplug *slot_hotplug_new(hypervisor *hv, unsigned reserved)
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
    for (unsigned slot = 0; slot < reserved; slot++)
        begin_vacant(self, slot);
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

/* The lowest vacant slot with a device of that block size, or -1. */
static int find_vacant(const slot_hotplug *self, unsigned block_size)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (slot_table_state(self->table, slot) == SLOT_VACANT &&
            self->drives[slot].block_size == block_size)
            return (int)slot;
    return -1;
}

/* What names this disk, and no other one that was or will be in the slot. */
static int name_disk(const struct drive *drive, unsigned slot, uint64_t size, disk *request,
                     error **err)
{
    char *serial = strdup(drive->serial);
    if (!serial)
        return error_no_memory(err);
    *request = (disk){.slot = slot,
                      .size = size,
                      .serial = {(u_int)strlen(serial), serial},
                      .replaced = drive->replaced};
    return 0;
}

/* The drive of a reserved slot as it will be: a device that is there has another disk behind it, or
 * there is another device. */
static struct drive next_drive(const slot_hotplug *self, unsigned slot, bool vacant,
                               unsigned block_size)
{
    struct drive next = self->drives[slot];
    if (vacant) {
        next.replaced++;
        return next;
    }
    next = (struct drive){.block_size = block_size};
    snprintf(next.serial, sizeof next.serial, "%04x",
             slot_table_generation(self->table, slot) & 0xffff);
    return next;
}

static int put_in(slot_hotplug *self, unsigned slot, const struct hypervisor_disk *wanted,
                  bool vacant, disk *request, error **err)
{
    struct hypervisor_disk disk = *wanted;
    struct drive next = next_drive(self, slot, vacant, wanted->block_size);
    if (name_disk(&next, slot, wanted->chain->size, request, err) < 0)
        return -1;
    disk.slot = slot;
    disk.serial = next.serial;
    disk.replaceable = true;
    if ((vacant ? self->hv->ops->replace(self->hv, &disk, err)
                : self->hv->ops->attach(self->hv, &disk, err)) < 0) {
        slot_hotplug_disk_clear(request);
        return -1;
    }
    self->drives[slot] = next;
    return 0;
}

int slot_hotplug_attach(slot_hotplug *self, const struct hypervisor_disk *wanted, disk *request,
                        error **err)
{
    int slot = find_vacant(self, wanted->block_size);
    bool vacant = slot >= 0;
    if (vacant ? slot_table_reserve_at(self->table, (unsigned)slot, err) < 0
               : (slot = slot_table_reserve(self->table, err)) < 0)
        return -1;
    if (put_in(self, (unsigned)slot, wanted, vacant, request, err) == 0)
        return 0;
    slot_table_rollback(self->table, (unsigned)slot, NULL);
    return -1;
}

int slot_hotplug_vacate(slot_hotplug *self, unsigned slot, error **err)
{
    return slot_table_vacate(self->table, slot, err);
}

int slot_hotplug_confirm(slot_hotplug *self, unsigned slot, error **err)
{
    return slot_table_commit(self->table, slot, err);
}

/* A reserved one that no disk has been in. */
static bool is_untouched(const slot_hotplug *self, unsigned slot)
{
    const struct drive *drive = &self->drives[slot];
    return slot_table_state(self->table, slot) == SLOT_VACANT && drive->replaced == 0 &&
           strcmp(drive->serial, RESERVED_SERIAL) == 0;
}

int slot_hotplug_detach_all(slot_hotplug *self, unsigned *slots, error **err)
{
    int count = 0;
    self->gone = false;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        /* One that was never confirmed belongs to a guest that got no answer: it goes as well. */
        if (slot_table_state(self->table, slot) == SLOT_ATTACHING)
            slot_table_commit(self->table, slot, NULL);
        if (slot_table_state(self->table, slot) != SLOT_READY &&
            slot_table_state(self->table, slot) != SLOT_VACANT)
            continue;
        if (is_untouched(self, slot))
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
    unsigned count = 0;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        count += slot_table_state(self->table, slot) != SLOT_FREE && !is_untouched(self, slot);
    return count;
}
