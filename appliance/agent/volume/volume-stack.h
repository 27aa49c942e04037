/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes that are made of others: those of Windows dynamic disks (LDM), arrays (md), logical
 * volumes (LVM), what is encrypted (LUKS, BitLocker), filesystems over several volumes (btrfs).
 *
 * They may be stacked in any order, so every kind is tried until no new volume appears. Only one
 * guest's volumes exist at a time, and each tool gets the list of devices that it may read, so
 * clones never meet. */
#ifndef VLT_AGENT_VOLUME_STACK_H
#define VLT_AGENT_VOLUME_STACK_H

#include "cow-overlay.h"
#include "volume-table.h"

typedef struct volume_stack volume_stack;

/* Does the slow work that all guests need. Modules must be loaded. 0 or -errno. */
int volume_stack_prepare(void);

volume_stack *volume_stack_new(void); /* NULL: no memory */
void volume_stack_free(volume_stack *self);

/* Adds all volumes that can be made of the table's contents. A volume that could not be made is in
 * the table with the reason. */
void volume_stack_make(volume_stack *self, volume_table *all, const key *keys, size_t count);

/* Others have made devices of the mapper's, which are to go with all that is made here. */
void volume_stack_note(volume_stack *self);

/* Bytes that a view may take, of the memory that there is. */
uint64_t volume_stack_room(const volume_stack *self);

/* A writable view of it (cow-overlay.h), where there is none yet: its node is what->overlay. 0 or
 * -errno. */
int volume_stack_overlay(volume_stack *self, struct content *what, uint64_t room,
                         enum cow_overlay_use use);

/* Takes it away again. It has to be the last that was made. */
void volume_stack_drop_overlay(volume_stack *self, struct content *what);

/* The writable view of what is to be part of an array or a group: its node. NULL: there is none,
 * and the content says why. */
const char *volume_stack_member_view(volume_stack *self, struct content *what);

/* The number of the guest's next linear volume (linear-volumes.h). */
unsigned volume_stack_next_linear(volume_stack *self);

/* Removes all these volumes. None of them may be mounted or open. */
void volume_stack_clear(volume_stack *self);

#endif
