/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OP_LS: waits for a guest's disks, puts its tree together, says what files there are; in parts. */
#ifndef VLT_AGENT_LIST_FILES_H
#define VLT_AGENT_LIST_FILES_H

#include "agent/device/device-table.h"
#include "agent/mount/detached-mounts.h"
#include "agent/mount/kernel-modules.h"
#include "wire/protocol.h"
#include <stdbool.h>

typedef struct list_files list_files;

/* Borrows them all. `compose`: volumes are made of others (volume-table.h). NULL: no memory. */
list_files *list_files_new(device_table *disks, kernel_modules *loaded,
                           const struct detached_mounts_ops *ops, bool compose);

/* Whether the arguments make sense: slots within range, none twice; the enumerations'. */
bool list_files_valid(const struct ls_args *args);

/* Whether every disk of args is there; cheap enough to be asked after every event. */
bool list_files_ready(const list_files *self, const struct ls_args *args);

/* The next part of the answer, with as many items as it holds, or those of some tenths of a second:
 * there may be none. Every disk must be there. To be called with the same args, which must stay,
 * until answer->last; by then all is unmounted. `waited` goes into the times. The answer's memory
 * is the lister's until its next call. */
void list_files_part(list_files *self, const struct ls_args *args, uint64_t waited,
                     struct ls_ret *answer);

/* Nobody wants the rest: ends the listing that is under way, if there is one, and unmounts. */
void list_files_drop(list_files *self);

#endif
