/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another disk behind a device that stays: the host puts a guest's image where that of an earlier
 * guest was (slot-hotplug.h), and the kernel is told so. */
#ifndef VLT_AGENT_REPLACED_DISK_H
#define VLT_AGENT_REPLACED_DISK_H

#include "device-table.h"

/* Makes the kernel forget the last disk of that slot and read the size of the one that is
 * announced; nothing where that is the last one. Its partitions are read where the last one had
 * some. To be called before the disk is opened. 0; or -1 and *why: something still uses the last
 * disk, or it is not this one's turn. */
int replaced_disk_take(device_table *table, const struct disk *disk, char *why, size_t room);

/* Where the kernel has no size of the disk in that slot, open at fd: makes it ask the disk again,
 * and look for partitions later. It asks a disk that comes a few times only, and each other disk
 * that comes meanwhile may cost one of the answers: a unit attention is reported in its place
 * (read_capacity_10(), drivers/scsi/sd.c). */
void replaced_disk_ask_size(device_table *table, unsigned slot, int fd, uint64_t *size);

/* Makes the kernel read the partitions of the disk in that slot, open at fd; nothing where it has
 * (device_table_partitions_read()). 0 or -errno. */
int replaced_disk_read_partitions(device_table *table, unsigned slot, int fd);

#endif
