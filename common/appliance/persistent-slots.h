/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An appliance that lives between commands, and the disks in its slots.
 *
 * No file describes a slot. The hypervisor stores a disk's record with its descriptors
 * (disk-record.h) and knows whether the disk is attached; the agent knows whether it has its name.
 * So the next command can tell what a killed command left from a disk that is ready, and removes
 * it.
 *
 * One process at a time: the caller holds the appliance's lock. */
#ifndef VLT_PERSISTENT_SLOTS_H
#define VLT_PERSISTENT_SLOTS_H

#include "agent-client.h"
#include "disk-record.h"
#include "hypervisor.h"

typedef struct persistent_slots persistent_slots;

/* Takes over an appliance that was launched or found, and removes what killed commands have left.
 * hv and agent stay the caller's; the agent has answered HELLO. NULL and *err. */
persistent_slots *persistent_slots_new(hypervisor *hv, agent_client *agent, error **err);
void persistent_slots_free(persistent_slots *self);

/* Microseconds that the guest may take to announce a disk or to release one: 30 s, unless a test
 * sets another limit. Writing a disk out may take 10 minutes. */
void persistent_slots_set_patience(persistent_slots *self, uint64_t patience);

const struct launch_settings *persistent_slots_settings(const persistent_slots *self);

/* The disk at a slot; NULL: free. */
const struct disk_record *persistent_slots_disk(const persistent_slots *self, unsigned slot);

/* Finds a slot by its number, its device (sdb, /dev/sdb) or its disk's label. -1 and *err where the
 * slot is not reserved, or no disk has that label. */
int persistent_slots_find(const persistent_slots *self, const char *word, error **err);

/* A disk to be attached. */
struct persistent_slots_request {
    const struct image_chain *chain;
    const char *image; /* its path, for list */
    const char *label; /* or NULL */
    unsigned block_size;
    int slot;     /* -1: the lowest free one, else the lowest with a null drive */
    bool replace; /* a disk that is in the slot is detached first */
    enum disk_mode
        mode; /* but for DISK_READ_ONLY the chain's first descriptor is open for writing */
};

/* 0 and the slot, in which the disk is ready; -1 and *err: the slot is unchanged, or free if
 * `replace` had emptied it. A null drive (/dev/null, read-only) only reserves its slot: another
 * disk takes its place without `replace`. */
int persistent_slots_attach(persistent_slots *self, const struct persistent_slots_request *request,
                            unsigned *slot, error **err);

/* 0: host and appliance have removed the disk, and all writes are in the image or, of a transient
 * one, lost. -1 and *err;
 * ERROR_REFUSED: the disk is in use in the appliance, and still attached. With `force` the agent is
 * not asked. */
int persistent_slots_detach(persistent_slots *self, unsigned slot, bool force, error **err);

/* The same in two steps, for several disks: QEMU takes 50 ms for one or for a hundred. Call end for
 * each begun one, in any order; the next command completes those that were not ended. */
int persistent_slots_detach_begin(persistent_slots *self, unsigned slot, bool force, error **err);
int persistent_slots_detach_end(persistent_slots *self, unsigned slot, error **err);

static inline void cleanup_persistent_slots(persistent_slots **self)
{
    persistent_slots_free(*self);
}
#define AUTO_PERSISTENT_SLOTS CLEANUP(cleanup_persistent_slots)

#endif
