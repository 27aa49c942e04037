/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* May a disk go, and is what was written to it really on it? */
#ifndef VLT_AGENT_DISK_RELEASE_H
#define VLT_AGENT_DISK_RELEASE_H

#include "device-table.h"

/* Whether something holds the disk or a partition of it: a mount, swapping, LVM, md, LUKS, a
 * program that opened it for itself alone. If so, what, in one line. `proc` is /proc, or a
 * stand-in. */
bool disk_release_held(const device_table *disks, const char *proc, unsigned slot, char *why,
                       size_t room);

/* Starts a child that writes everything out, for a disk may take its time; its exit status is an
 * errno, 0 when it worked. -errno. */
pid_t disk_release_flush(const device_table *disks, unsigned slot);

#endif
