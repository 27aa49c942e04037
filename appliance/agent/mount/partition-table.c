/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partition-table.h"

#include <stddef.h>

blkid_probe partition_table_read(int disk, blkid_partlist *table)
{
    blkid_probe probe = blkid_new_probe();
    *table = NULL;
    if (!probe)
        return NULL;
    blkid_probe_enable_partitions(probe, 1);
    blkid_probe_enable_superblocks(probe, 0);
    if (blkid_probe_set_device(probe, disk, 0, 0) == 0)
        *table = blkid_probe_get_partitions(probe);
    return probe;
}
