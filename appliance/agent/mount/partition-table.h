/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device's partition table, as libblkid reads it: what the kernel made of it is compared with
 * this (agent/volume/partitions.h). */
#ifndef VLT_AGENT_PARTITION_TABLE_H
#define VLT_AGENT_PARTITION_TABLE_H

#include "wire/protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a type: a GUID, or 0x and a byte. */
#define PARTITION_TYPE_MAX 40

struct partition_entry {
    unsigned number;    /* as Linux numbers it, from 1 */
    uint64_t start;     /* bytes, of the device */
    uint64_t size;      /* bytes */
    bool container;     /* an extended partition, which only contains others */
    bool no_filesystem; /* its type says that it holds none: BIOS boot, MSR … */
    char type[PARTITION_TYPE_MAX];
    uint64_t flags; /* the attributes of a GUID partition */
    char uuid[MAX_UUID + 1];
    char label[MAX_LABEL + 1];
};

struct partition_table {
    char kind[16]; /* libblkid's word: "gpt", "dos" …; "": no table that can be read */
    struct partition_entry *entries; /* ascending by their numbers */
    size_t count;
    bool more;         /* … and there are more than MAX_VOLUMES */
    unsigned sector;   /* bytes; it counts in these, which are not the device's; 0: they are */
    bool cut;          /* it is for a larger device */
    const char *fault; /* where there is no `kind`, but has been a table: what is wrong; or NULL */
};

/* Of the open device of `size` bytes, as the kernel would read it. Without memory there is none. */
void partition_table_read(int fd, uint64_t size, struct partition_table *table);

/* For one where that finds nothing: without a protective MBR, by the second copy, with the other
 * sector size, of a device that was larger. Where all of this fails, `fault` says why, if there are
 * traces of a table. To be asked only about what holds nothing else: a table may be a left-over. */
void partition_table_search(int fd, uint64_t size, struct partition_table *table);

const struct partition_entry *partition_table_find(const struct partition_table *table,
                                                   unsigned number);

void partition_table_clear(struct partition_table *table);

#endif
