/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OP_SCAN: waits for a guest's disks, finds their volumes, measures each. */
#ifndef VLT_AGENT_SCAN_VOLUMES_H
#define VLT_AGENT_SCAN_VOLUMES_H

#include "agent/device/device-table.h"
#include "agent/mount/detached-mounts.h"
#include "agent/mount/filesystem-probe.h"
#include "agent/mount/kernel-modules.h"
#include "agent/mount/mount.h"
#include "agent/volume/volume-table.h"
#include "wire/protocol.h"
#include <stdbool.h>

typedef struct scan_volumes scan_volumes;

/* Borrows them all. `compose`: volumes are made of others (volume-table.h). NULL: no memory. */
scan_volumes *scan_volumes_new(device_table *disks, kernel_modules *loaded,
                               const struct mount_ops *mounts,
                               const struct detached_mounts_ops *grafts, bool compose);

/* volume_table_watch() */
void scan_volumes_watch(scan_volumes *scan, const struct replay_watch *watch);

/* Whether every disk of args is there; cheap enough to call after every event. */
bool scan_volumes_ready(const scan_volumes *scan, const struct scan_args *args);

/* Scans; every disk must be there. `waited` (microseconds) is copied into the answer's times. The
 * answer's memory is the scanner's, and valid until its next call. */
void scan_volumes_run(scan_volumes *scan, const struct scan_args *args, uint64_t waited,
                      struct scan_ret *answer);

/* Does the slow work that every scan needs, before the appliance is saved. Modules must be loaded.
 * 0 or -errno. */
int scan_volumes_prepare(scan_volumes *scan);

#endif
