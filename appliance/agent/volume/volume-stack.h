/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes that are made of others: those of Windows dynamic disks (LDM), arrays (md), logical
 * volumes (LVM), what is encrypted (LUKS, BitLocker), filesystems over several volumes (btrfs).
 *
 * They may be made of each other in any order, so everything is tried until nothing more turns up.
 * Only the contents of one guest exist at a time, and tools are told which devices they may look
 * at: clones of one another never meet. */
#ifndef VLT_AGENT_VOLUME_STACK_H
#define VLT_AGENT_VOLUME_STACK_H

#include "volume-table.h"

typedef struct volume_stack volume_stack;

/* What takes time and all need; the modules are loaded. 0 or -errno. */
int volume_stack_prepare(void);

volume_stack *volume_stack_new(void); /* NULL: no memory */
void volume_stack_free(volume_stack *self);

/* Adds to the contents all that can be made of them. What could not be, and why, stands there. */
void volume_stack_make(volume_stack *self, volume_table *all, const key *keys, size_t count);

/* Takes everything apart again. Nothing of it may be mounted or open. */
void volume_stack_clear(volume_stack *self);

#endif
