/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a disk is a dynamic one of Windows (LDM), and what on it belongs to that. Its volumes are
 * put together by a database: ldm-volumes.h. The kernel understands the database of a disk with
 * a table of the old kind (MBR), and shows the volumes' pieces as partitions; with a GUID table
 * there is one partition for the database and one for all volumes. */
#ifndef VLT_AGENT_LDM_DETECT_H
#define VLT_AGENT_LDM_DETECT_H

#include "volume-table.h"

/* Marks these contents, all that the open disk has, where they are of that kind, and calls what is
 * known of nothing by its name. */
void ldm_detect_mark(int disk, struct content *list, size_t count);

#endif
