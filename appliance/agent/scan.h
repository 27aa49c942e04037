/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OP_SCAN: waits for a guest's disks, finds their volumes, measures each. */
#ifndef VLT_AGENT_SCAN_H
#define VLT_AGENT_SCAN_H

#include "devices.h"
#include "filesystems.h"
#include "grafts.h"
#include "modules.h"
#include "mounts.h"
#include "protocol.h"
#include <stdbool.h>

typedef struct scanner scanner;

/* Borrows them all. `compose`: volumes are made of others (contents.h). NULL: no memory. */
scanner *scanner_new(devices *disks, modules *loaded, const struct mount_ops *mounts,
                     const struct graft_ops *grafts, bool compose);

/* Whether the arguments make sense: slots within range, none twice. */
bool scan_args_valid(const struct scan_args *args);

/* Whether every disk of args is there; cheap enough to be asked after every event. */
bool scanner_ready(const scanner *scan, const struct scan_args *args);

/* Scans; every disk must be there. `waited` goes into the times. The answer's memory is the
 * scanner's until its next call. */
void scanner_run(scanner *scan, const struct scan_args *args, uint64_t waited,
                 struct scan_ret *answer);

/* What takes time and every later scan needs, before the appliance is saved; modules are loaded. 0
 * or -errno. */
int scanner_prepare(scanner *scan);

/* The size in bytes of an open device, or of a test's image file. 0 or -errno. */
int scan_size(int fd, uint64_t *size);
/* Whether the partition is an extended one, which only contains others. */
bool scan_is_container(int fd, uint64_t size);

/* Microseconds of the monotonic clock. */
uint64_t scan_now(void);

#endif
