/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of this machine there is for us. */
#ifndef VLT_RESOURCES_H
#define VLT_RESOURCES_H

/* Appliances that can run at once: one a core that we may use (affinity, cgroup quota), and no
 * more than fit into the memory that is available (system, cgroup). At least 1. */
unsigned resources_parallel(void);

#endif
