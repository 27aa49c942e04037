/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disks that the kernel has announced, by virtio-scsi target, and their nodes under /dev.
 *
 * The agent owns /dev: the disk at target k is the node sd(k) of slots.h, whatever the kernel calls
 * it, and its n-th partition sd(k)n. Target 255, the root drive, is "rootdrive". */
#ifndef VLT_AGENT_DEVICES_H
#define VLT_AGENT_DEVICES_H

#include "cleanup.h"
#include "uevent.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TARGET_COUNT 256
#define NODE_MAX 4096

typedef struct devices devices;

/* `sys` and `dev` are /sys and /dev, or stand-ins; both must live as long as the object. With
 * make_nodes false the nodes are somebody else's (tests: image files). NULL: no memory. */
devices *devices_new(const char *sys, const char *dev, bool make_nodes);
void devices_free(devices *table);

/* Takes note of an event. */
void devices_event(devices *table, const struct uevent *event);

/* Reads all of it from sysfs instead: at the start, and when events were lost. 0 or -errno. */
int devices_rescan(devices *table);

/* Everything about the target's disk has been announced: size, partitions. */
bool devices_ready(const devices *table, unsigned target);
/* The kernel knows nothing at this target. */
bool devices_absent(const devices *table, unsigned target);

/* The numbers of the partitions, ascending; the table's memory, valid until the next event. */
size_t devices_partitions(const devices *table, unsigned target, const unsigned **numbers);

/* The path of the disk's node (partition 0) or of a partition's. Returns buffer. */
const char *devices_node(const devices *table, unsigned target, unsigned partition,
                         char buffer[NODE_MAX]);

/* The disk's serial, which is in the revision field of its INQUIRY data (protocol.x), without
 * padding: its length, at most size, or -errno. */
int devices_serial(const devices *table, unsigned target, char *serial, size_t size);

static inline void cleanup_devices(devices **table)
{
    devices_free(*table);
}
#define AUTO_DEVICES CLEANUP(cleanup_devices)

#endif
