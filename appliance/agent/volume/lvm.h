/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical volumes, by LVM's own library in a separate process (appliance/programs/volume-groups.c):
 * the library is large, starts slowly, and parses untrusted metadata. */
#ifndef VLT_AGENT_LVM_H
#define VLT_AGENT_LVM_H

#include "agent/mount/filesystem-probe.h"
#include <stdbool.h>
#include <sys/types.h>

#define LVM_NODE_MAX 64

struct lvm_volume {
    char name[MAX_VOLUME_NAME]; /* VG/LV */
    char node[LVM_NODE_MAX];
    dev_t number; /* 0: it is not active; `why` is the reason */
    char why[VOLUME_MESSAGE_MAX];
    bool plain; /* false: it cannot be so called, `name` is not quite its name, and `why` */
};

/* A logical volume, from a line that volume-groups wrote, without the letter before it. `complaint`
 * is LVM's last. */
void lvm_read_volume(const char *line, const char *complaint, struct lvm_volume *volume);

/* Starts that process. Called before a template is saved, so restored appliances do not pay for its
 * start. 0 or -errno. */
int lvm_start(void);

/* Activates the volume groups of these physical volumes, and calls found() for each logical volume
 * that is meant for users. LVM sees no other devices. used[i]: device i belongs to a group that
 * could be read. 0; -1: LVM failed. *why is its last error message, or "". */
int lvm_activate(const char *const *nodes, bool *used, size_t count,
                 void (*found)(void *owner, const struct lvm_volume *volume), void *owner,
                 char *why, size_t size);

#endif
