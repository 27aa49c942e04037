/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays of Linux software RAID (md), by the kernel's ioctls (linux/raid/md_u.h). */
#ifndef VLT_AGENT_MD_RAID_H
#define VLT_AGENT_MD_RAID_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MD_RAID_NODE_MAX 32

/* Starts array number `index` (from 0; an unused one) of these members, whose superblocks have that
 * version ("0.90", "1.2" …). The kernel reads them, leaves out outdated members, and starts without
 * missing ones where the level allows that. Nothing is resynchronised: the array is auto-read-only
 * until it is written. 0, `node` and *number; or -errno, and nothing is left of it. */
int md_raid_start(unsigned index, const char *version, const dev_t *members, size_t count,
                  char node[MD_RAID_NODE_MAX], dev_t *number);

/* Stops the array. false: it is in use. */
bool md_raid_stop(unsigned index);

#endif
