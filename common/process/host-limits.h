/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of this machine's processors, memory and open files we may use. */
#ifndef VLT_HOST_LIMITS_H
#define VLT_HOST_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Appliances that can run at once: one for each core that we may use (affinity, cgroup quota), and
 * no more than fit into the available memory (system, cgroup). At least 1. memory_mib: what each
 * needs where the user asked for more (a key, --memsize); 0: the usual amount. */
unsigned host_limits_parallel(unsigned memory_mib);

/* Whether so much is available for one more appliance. */
bool host_limits_have(unsigned memory_mib);

/* With less memory than this an appliance is killed, or hardly moves. */
#define HOST_LIMITS_MEMORY_MIN ((uint64_t)200 << 20)
/* Bytes that our control group allows, of version 1 or 2, or one that it is in; UINT64_MAX, or what
 * is more than any machine has: as much as there is. */
uint64_t host_limits_memory(void);

/* Fewer open files than this are too few for anything. */
#define HOST_LIMITS_FILES_MIN 64
/* Raises the soft limit of open files to the hard one, for this process and its children. Returns
 * the hard limit; UINT64_MAX: none. */
uint64_t host_limits_raise_files(void);
/* Disks that an appliance should hold where QEMU may open `files` files, 1 to `most`. A disk is
 * counted as two layers of two files each. */
unsigned host_limits_disks(uint64_t files, unsigned most);

#endif
