/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes of Windows dynamic disks (LDM): simple, spanned, striped, mirrored, RAID 5. libldm reads
 * their database in a separate process (appliance/programs/dynamic-disks.c); this module checks its
 * output and makes device-mapper devices of it. */
#ifndef VLT_AGENT_LDM_VOLUMES_H
#define VLT_AGENT_LDM_VOLUMES_H

#include "volume-table.h"

/* Adds the volumes of the marked contents (ldm-detect.h), of all disks of the guest together. A
 * volume that could not be made is added with the reason. Where no database can be read, nothing
 * changes. Returns whether there may be devices now. */
bool ldm_volumes_make(volume_table *all);

#endif
