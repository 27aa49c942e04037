/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations on disks of an appliance that lives between commands: OP_NAME, OP_RELEASE,
 * OP_LIST.
 */
#ifndef VLT_AGENT_DISK_NAMES_H
#define VLT_AGENT_DISK_NAMES_H

#include "device-table.h"

typedef struct disk_names disk_names;

/* Borrows both; `proc` is /proc, or a stand-in. NULL: no memory. */
disk_names *disk_names_new(device_table *disks, const char *proc);

/* Names a disk that is ready. The message is empty on success, as in done_ret. Like everything in
 * an answer it is this object's memory, valid until its next call. */
const char *disk_names_assign(disk_names *self, const name_args *args);

/* Releases a disk: the message, or NULL while it is being flushed. Then call it again after
 * disk_names_reaped(). */
const char *disk_names_release(disk_names *self, const release_args *args);
/* To be called for each child that ended. Whether it was one of this object's. */
bool disk_names_reaped(disk_names *self, pid_t pid, int status);
/* Forgets the release that is under way: the host has gone. */
void disk_names_drop(disk_names *self);

void disk_names_list(disk_names *self, list_ret *answer);

#endif
