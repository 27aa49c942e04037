/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An appliance that lives between commands, and the disks in its slots.
 *
 * Nothing about a slot is kept in a file. What a disk is stands in a record that the hypervisor
 * keeps with the disk's descriptors (disk-record.h); whether it is there is asked of the
 * hypervisor, and whether it has its name, of the agent. So a command that is killed at any point
 * leaves something that the next one can tell from a disk that is ready, and takes away.
 *
 * One process at a time: the caller holds the appliance's lock. */
#ifndef VLT_PERSISTENT_SLOTS_H
#define VLT_PERSISTENT_SLOTS_H

#include "agent-client.h"
#include "disk-record.h"
#include "hypervisor.h"

typedef struct persistent_slots persistent_slots;

/* Takes over an appliance that was launched or found. hv and agent stay the caller's; the agent has
 * answered HELLO. What killed commands have left is put in order. NULL and *err. */
persistent_slots *persistent_slots_new(hypervisor *hv, agent_client *agent, error **err);
void persistent_slots_free(persistent_slots *self);

/* How long the guest may take to announce a disk or to let go of one, in microseconds: 30 s, unless
 * a test says otherwise. To write a disk out it may take 10 minutes. */
void persistent_slots_set_patience(persistent_slots *self, uint64_t patience);

const struct launch_settings *persistent_slots_settings(const persistent_slots *self);

/* The disk at a slot; NULL: free. */
const struct disk_record *persistent_slots_disk(const persistent_slots *self, unsigned slot);

/* A slot by its number, its device (sdb, /dev/sdb) or the label of the disk in it. -1 and *err
 * where it is not reserved, or nothing has that label. */
int persistent_slots_find(const persistent_slots *self, const char *word, error **err);

/* What is to be attached. */
struct persistent_slots_request {
    const struct image_chain *chain;
    const char *image; /* its path, for list */
    const char *label; /* or NULL */
    unsigned block_size;
    int slot;      /* -1: the lowest that is free, or else that has a null drive */
    bool replace;  /* what is in that very slot goes first */
    bool writable; /* the chain's first descriptor is open for writing */
};

/* 0 and the slot, in which the disk is ready; -1 and *err, and the slot is as it was (free, if it
 * was replaced). A null drive (/dev/null, read-only) only reserves its slot: any other disk may
 * take its place without `replace`. */
int persistent_slots_attach(persistent_slots *self, const struct persistent_slots_request *request,
                            unsigned *slot, error **err);

/* 0: gone on both sides, and what was written is in the image. -1 and *err: where something holds
 * it (ERROR_REFUSED) it is as it was. With `force` the agent is not asked. */
int persistent_slots_detach(persistent_slots *self, unsigned slot, bool force, error **err);

/* The same in two steps, for several disks: QEMU takes 50 ms for one, and no more for a hundred.
 * End what you have begun, in any order; what is not ended the next command ends. */
int persistent_slots_detach_begin(persistent_slots *self, unsigned slot, bool force, error **err);
int persistent_slots_detach_end(persistent_slots *self, unsigned slot, error **err);

static inline void cleanup_persistent_slots(persistent_slots **self)
{
    persistent_slots_free(*self);
}
#define AUTO_PERSISTENT_SLOTS CLEANUP(cleanup_persistent_slots)

#endif
