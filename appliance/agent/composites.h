/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes that are made of others: those of Windows dynamic disks (LDM), arrays (md), logical
 * volumes (LVM), what is encrypted (LUKS, BitLocker), filesystems over several volumes (btrfs).
 *
 * They may be made of each other in any order, so everything is tried until nothing more turns up.
 * Only the contents of one guest exist at a time, and tools are told which devices they may look
 * at: clones of one another never meet. */
#ifndef VLT_AGENT_COMPOSITES_H
#define VLT_AGENT_COMPOSITES_H

#include "contents.h"

typedef struct composites composites;

/* What takes time and all need; the modules are loaded. 0 or -errno. */
int composites_prepare(void);

composites *composites_new(void); /* NULL: no memory */
void composites_free(composites *self);

/* Adds to the contents all that can be made of them. What could not be, and why, stands there. */
void composites_make(composites *self, contents *all, const key *keys, size_t count);

/* Takes everything apart again. Nothing of it may be mounted or open. */
void composites_clear(composites *self);

#endif
