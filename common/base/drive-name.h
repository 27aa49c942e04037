/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's names for SCSI disks: the disk at slot k is /dev/sd(k) in the appliance, and a
 * guest's disk k is /dev/sd(k) in what users read. Pure. */
#ifndef VLT_DRIVE_NAME_H
#define VLT_DRIVE_NAME_H

/* Room for the longest name that drive_name() writes for an unsigned, and its NUL. */
#define DRIVE_NAME_MAX 12

/* 0 → "sda", 25 → "sdz", 26 → "sdaa", 254 → "sdiu", 701 → "sdzz", 702 → "sdaaa". Returns buffer. */
char *drive_name(unsigned index, char buffer[DRIVE_NAME_MAX]);
/* The inverse, strict: "sda" or "/dev/sda" → 0. -1 for anything else, including partitions. */
int drive_name_index(const char *name);

#endif
