/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OP_LS: waits for a guest's disks, builds its tree, and lists its files, in parts. */
#ifndef VLT_AGENT_LIST_FILES_H
#define VLT_AGENT_LIST_FILES_H

#include "agent/device/device-table.h"
#include "agent/mount/detached-mounts.h"
#include "agent/mount/kernel-modules.h"
#include "agent/volume/volume-table.h"
#include "wire/protocol.h"
#include <stdbool.h>

typedef struct list_files list_files;

/* Borrows them all. `compose`: volumes are made of others (volume-table.h). NULL: no memory. */
list_files *list_files_new(device_table *disks, kernel_modules *loaded,
                           const struct detached_mounts_ops *ops, bool compose);

/* volume_table_watch() */
void list_files_watch(list_files *self, const struct replay_watch *watch);

/* Whether the arguments are valid: slots within range, none twice; enumerations within range. */
bool list_files_valid(const struct ls_args *args);

/* Whether every disk of args is there; cheap enough to call after every event. */
bool list_files_ready(const list_files *self, const struct ls_args *args);

/* The next part of the answer: as many items as fit, or as it finds within some tenths of a second,
 * which may be none. Every disk must be there. To be called with the same args, which must stay
 * unchanged, until answer->last; then everything is unmounted. `waited` (microseconds) is copied
 * into the answer's times. The answer's memory is the lister's, and valid until its next call. */
void list_files_part(list_files *self, const struct ls_args *args, uint64_t waited,
                     struct ls_ret *answer);

/* Ends a listing that is under way, and unmounts. */
void list_files_drop(list_files *self);

#endif
