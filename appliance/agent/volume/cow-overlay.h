/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writable views of read-only devices.
 *
 * LVM and md open the members of a volume for writing, which the disks refuse. A view is a dm
 * snapshot on a RAM disk, so its writes stay in the appliance's memory. They are few: activation of
 * a thin pool, a superblock of a RAID. */
#ifndef VLT_AGENT_COW_OVERLAY_H
#define VLT_AGENT_COW_OVERLAY_H

#include <stdint.h>
#include <sys/types.h>

#define COW_OVERLAY_NODE_MAX 64

/* Makes the view number `index` (from 0, each once until device_mapper_remove_all()) of a device of
 * `size` bytes, and its node. 0, `node` and *number, or -errno. */
int cow_overlay_make(unsigned index, dev_t origin, uint64_t size, char node[COW_OVERLAY_NODE_MAX],
                     dev_t *number);

#endif
