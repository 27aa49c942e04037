/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crypttab(5), as a guest has written it: any bytes. */
#ifndef VLT_AGENT_CRYPTTAB_H
#define VLT_AGENT_CRYPTTAB_H

#include "agent/volume/volume-table.h"

#define CRYPTTAB_SIZE_MAX (64 * 1024)

/* What the guest opens under that name: its device, in `device`. False: the table has no such name.
 * Pure. */
bool crypttab_find(const char *text, size_t length, const char *name, char device[DEVICE_SPEC_MAX]);

/* The volume that a line of fstab names; NULL: there is none. What is in an encrypted one is known
 * here by another name than in the guest, whose crypttab says which. `length` may be 0. */
struct content *crypttab_resolve(volume_table *all, const char *text, size_t length,
                                 const char *device);

/* What was opened of an encrypted volume; NULL: nothing was. */
struct content *crypttab_opened(volume_table *all, const struct content *encrypted);

#endif
