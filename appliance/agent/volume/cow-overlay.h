/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writable views of devices that nobody may write.
 *
 * Those who put volumes together (LVM, md) open what they are made of for writing, and the disks
 * refuse that. What is written to a view stays in the appliance's memory: a dm snapshot, over a RAM
 * disk. Hardly anything is: activation of a thin pool, a superblock of a RAID. */
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
