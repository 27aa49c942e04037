/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk's partition table, as libblkid reads it. */
#ifndef VLT_AGENT_PARTITION_TABLE_H
#define VLT_AGENT_PARTITION_TABLE_H

#include <blkid/blkid.h>

/* Reads the table of the open disk, which stays the caller's. *table is NULL where the disk has
 * none; else it is valid until the caller frees the returned probe by blkid_free_probe(). NULL: no
 * memory. */
blkid_probe partition_table_read(int disk, blkid_partlist *table);

#endif
