/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detects Windows dynamic disks (LDM) and the partitions that belong to them. A database on the
 * disk describes the volumes: ldm-volumes.h. On a disk with an MBR the kernel reads the database
 * itself and shows the volumes' pieces as partitions; with a GUID table there is one partition for
 * the database and one for all volumes. */
#ifndef VLT_AGENT_LDM_DETECT_H
#define VLT_AGENT_LDM_DETECT_H

#include "volume-table.h"

/* Marks those of these contents (all of the open disk's) that belong to a dynamic disk, and gives
 * those without a known content its name. */
void ldm_detect_mark(int disk, struct content *list, size_t count);

#endif
