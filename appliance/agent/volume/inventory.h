/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every entry of a guest's disks ends in one state: a filesystem, content that is none (with
 * STATUS_OK: swap, zeros, what boots, a part of what was opened), or a failure that has a name.
 * Here those get theirs that nothing else has judged. */
#ifndef VLT_AGENT_INVENTORY_H
#define VLT_AGENT_INVENTORY_H

#include "agent/mount/filesystem-probe.h"
#include "volume-table.h"

/* When all has been found and put together. Nothing is unknown after it: it is blank, without a
 * filesystem by its table's word, or a failure. */
void inventory_settle(volume_table *all, filesystem_probe *probe);

/* Says it where a part of the partition is missing (what->beyond), or of the filesystem in it; what
 * a mount that failed has said stays in front. */
void inventory_settle_cut(struct content *what);

/* What a guest holds that has no filesystem and no failure. */
void inventory_say_empty(const volume_table *all, char *text, size_t size);

#endif
