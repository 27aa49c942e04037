/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a disk may be detached, and writing it out before. */
#ifndef VLT_AGENT_DISK_RELEASE_H
#define VLT_AGENT_DISK_RELEASE_H

#include "device-table.h"

/* Whether the disk or a partition of it is in use: by a mount, swap, LVM, md, LUKS, or a program
 * that opened it exclusively. Then *why names the user, in one line. `proc` is /proc, or a
 * stand-in. */
bool disk_release_held(const device_table *disks, const char *proc, unsigned slot, char *why,
                       size_t room);

/* Starts a child that writes the disk out, which may take long. Its exit status is an errno, 0 on
 * success. Returns its pid, or -errno. */
pid_t disk_release_flush(const device_table *disks, unsigned slot);

#endif
