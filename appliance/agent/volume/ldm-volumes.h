/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes of Windows dynamic disks (LDM): simple, spanned, striped, mirrored, RAID 5. Their
 * database is read by libldm in a process of its own (appliance/programs/dynamic-disks.c); what it
 * says is checked here, and mapped by the kernel. */
#ifndef VLT_AGENT_LDM_VOLUMES_H
#define VLT_AGENT_LDM_VOLUMES_H

#include "volume-table.h"

/* Adds the volumes of the contents that are marked (ldm-detect.h), all disks of the guest together.
 * What could not be made, and why, stands there. Where no database can be read, everything stays as
 * it was found. Whether there may be devices now. */
bool ldm_volumes_make(volume_table *all);

#endif
