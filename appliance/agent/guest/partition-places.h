/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a partition is mounted by its type alone: the Discoverable Partitions Specification
 * (UAPI.2), and systemd-gpt-auto-generator(8), which does it. */
#ifndef VLT_AGENT_PARTITION_PLACES_H
#define VLT_AGENT_PARTITION_PLACES_H

#include "agent/volume/volume-table.h"

struct partition_place {
    const char *type;  /* a GUID, or 0x and a byte */
    const char *where; /* NULL: the EFI system partition, which goes to /efi or to /boot */
};

/* In the order in which they are to be asked for: the last one depends on where the others are. */
extern const struct partition_place partition_places[];
extern const size_t partition_places_count;

/* Of a system's root: which of the places are directories of it that are empty, as a set of bits.
 * Only there anything is mounted. */
unsigned partition_places_free(int root);
unsigned partition_places_bit(const char *where);

/* Whether a partition of that type is a root. */
bool partition_places_is_root(const char *type);
/* A filesystem for /usr, by the type of its partition; NULL: there is none. */
struct content *partition_places_usr(volume_table *all);

/* Where it goes in a system in which these are free. */
const char *partition_places_where(const struct partition_place *place, unsigned free_places);

/* The filesystem of that type; NULL: there is none. Of several the first counts; of those of CoreOS
 * and Flatcar the one that would be booted. What was opened of an encrypted partition stands for
 * it. */
struct content *partition_places_find(volume_table *all, const struct partition_place *place);

#endif
