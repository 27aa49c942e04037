/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations on disks of an appliance that lives between commands: OP_NAME, OP_RELEASE,
 * OP_LIST.
 */
#ifndef VLT_AGENT_INVENTORY_H
#define VLT_AGENT_INVENTORY_H

#include "devices.h"

typedef struct inventory inventory;

/* Borrows both; `proc` is /proc, or a stand-in. NULL: no memory. */
inventory *inventory_new(devices *disks, const char *proc);

/* Names a disk that is ready. Messages are empty when it worked, as in done_ret; like everything in
 * an answer they are the inventory's memory until its next call. */
const char *inventory_name(inventory *self, const name_args *args);

/* Releases a disk: the message, or NULL where it is being flushed. Then it is to be asked again
 * after inventory_reaped(). */
const char *inventory_release(inventory *self, const release_args *args);
/* A child has ended. Whether it was ours. */
bool inventory_reaped(inventory *self, pid_t pid, int status);
/* Nobody waits for the release any more. */
void inventory_drop(inventory *self);

void inventory_list(inventory *self, list_ret *answer);

#endif
