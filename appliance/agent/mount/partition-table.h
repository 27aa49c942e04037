/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk's partition table, as libblkid reads it. */
#ifndef VLT_AGENT_PARTITION_TABLE_H
#define VLT_AGENT_PARTITION_TABLE_H

#include <blkid/blkid.h>

/* Of the open disk, which stays the caller's. *table is NULL where there is none; else it lives as
 * long as what is returned, which the caller frees by blkid_free_probe(). NULL: no memory. */
blkid_probe partition_table_read(int disk, blkid_partlist *table);

#endif
