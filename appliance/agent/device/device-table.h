/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disks that the kernel has announced, by virtio-scsi target, and their nodes under /dev.
 *
 * The agent owns /dev: the disk at target k is the node sd(k) (base/drive-name.h), whatever the
 * kernel calls it, and its n-th partition sd(k)n. Target 255, the root drive, is "rootdrive". A
 * disk that has been labelled has /dev/disk/guestfs/LABEL besides, and LABELn for its partitions.
 * Devices made of disks inside the appliance (dm-*, md*, loop*) have the kernel's names. */
#ifndef VLT_AGENT_DEVICE_TABLE_H
#define VLT_AGENT_DEVICE_TABLE_H

#include "base/cleanup.h"
#include "device-nodes.h"
#include "uevent.h"
#include "wire/protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TARGET_COUNT 256

typedef struct device_table device_table;

/* `sys` and `dev` are /sys and /dev, or stand-ins; both must live as long as the object. With
 * make_nodes false it makes no nodes (tests put image files there). NULL: no memory. */
device_table *device_table_new(const char *sys, const char *dev, bool make_nodes);

const char *device_table_sys(const device_table *table);
/* Whether its disks are the kernel's. */
bool device_table_is_real(const device_table *table);

/* Reads the events that the kernel has announced so far. */
typedef void device_table_listener(void *owner);
void device_table_listen(device_table *table, device_table_listener *read_events, void *owner);
/* Reads what the kernel has announced by now. */
void device_table_read_events(device_table *table);

/* Records an event. */
void device_table_event(device_table *table, const struct uevent *event);

/* Fills the table from sysfs instead: at the start, and when events were lost. 0 or -errno. In
 * device-rescan.c. */
int device_table_rescan(device_table *table);

/* Everything about the target's disk has been announced: size, partitions. */
bool device_table_ready(const device_table *table, unsigned target);
/* The kernel knows nothing at this target. */
bool device_table_absent(const device_table *table, unsigned target);

/* The numbers of the partitions, ascending; the table's memory, valid until the next event. */
size_t device_table_partitions(const device_table *table, unsigned target,
                               const unsigned **numbers);

/* The path of the disk's node (partition 0) or of a partition's. Returns buffer. */
const char *device_table_node(const device_table *table, unsigned target, unsigned partition,
                              char buffer[NODE_MAX]);
/* … and its device number; 0 where the kernel has not said. */
dev_t device_table_number(const device_table *table, unsigned target, unsigned partition);

/* The disk's serial, which is in the revision field of its INQUIRY data (protocol.x), without
 * padding: its length, at most size, or -errno. */
int device_table_serial(const device_table *table, unsigned target, char *serial, size_t size);
/* The disk's bytes, from sysfs. 0 or -errno. */
int device_table_size(const device_table *table, unsigned target, uint64_t *size);

/* How many disks have taken the place of the first one behind that device, as far as the kernel has
 * been told (replaced-disk.h). note: it has been told of that one. */
unsigned device_table_replaced(const device_table *table, unsigned target);
void device_table_note_replaced(device_table *table, unsigned target, unsigned number);
/* Whether the kernel has read the partitions of that one, or of the first. */
bool device_table_partitions_read(const device_table *table, unsigned target);
/* It has, or has not; reads what it announced meanwhile. */
void device_table_note_partitions_read(device_table *table, unsigned target, bool read);
/* The file that makes the kernel look at the disk's size again. Returns buffer. */
const char *device_table_rescan_path(const device_table *table, unsigned target,
                                     char buffer[NODE_MAX]);

/* Whether the disk at disk->slot, of `size` bytes, is the one that the host described; if not,
 * *why. */
bool device_table_match(const device_table *table, const struct disk *disk, uint64_t size,
                        char *why, size_t room);
/* Whether a disk that does not match has the right serial: then its image has changed its size
 * since the host read it. */
bool device_table_resized(const device_table *table, const struct disk *disk, uint64_t size);

/* ---- names ---- */

/* Names the disk and its partitions, also later ones, until the disk goes; replaces an earlier
 * name. "": it is named, without a label. */
void device_table_name(device_table *table, unsigned target, const char *label);
void device_table_unname(device_table *table, unsigned target);
/* NULL: not named. */
const char *device_table_label(const device_table *table, unsigned target);
/* The target with that label, or -1. */
int device_table_find(const device_table *table, const char *label);

/* Whether the disks of a request are valid: slots within range, none twice. */
bool device_table_valid(const struct disk *disks, unsigned count);

#endif
