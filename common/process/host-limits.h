/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of this machine there is for us. */
#ifndef VLT_HOST_LIMITS_H
#define VLT_HOST_LIMITS_H

#include <stdint.h>

/* Appliances that can run at once: one a core that we may use (affinity, cgroup quota), and no
 * more than fit into the memory that is available (system, cgroup). At least 1. One that was given
 * so much memory for a reason (a key, --memsize) is taken to need all of it; 0: as usual. */
unsigned host_limits_parallel(unsigned memory_mib);

/* Fewer open files than this are too few for anything. */
#define HOST_LIMITS_FILES_MIN 64
/* Raises the soft limit of open files to the hard one, for this process and its children. The
 * latter; UINT64_MAX: none. */
uint64_t host_limits_raise_files(void);
/* Disks that an appliance should hold with so many open files, 1 to `most`: of two layers each,
 * which take two apiece. */
unsigned host_limits_disks(uint64_t files, unsigned most);

#endif
