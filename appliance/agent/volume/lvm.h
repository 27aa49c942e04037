/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical volumes, by LVM's own library in a process of its own
 * (appliance/programs/volume-groups.c): it is large, takes its time to start, and reads what
 * strangers wrote. */
#ifndef VLT_AGENT_LVM_H
#define VLT_AGENT_LVM_H

#include "agent/mount/filesystem-probe.h"
#include <stdbool.h>
#include <sys/types.h>

#define LVM_NODE_MAX 64

struct lvm_volume {
    char name[MAX_VOLUME_NAME]; /* VG/LV */
    char node[LVM_NODE_MAX];
    dev_t number; /* 0: it is not active, and `why` */
    char why[VOLUME_MESSAGE_MAX];
};

/* Starts the process that will know LVM. Called before a template is saved, its start costs no
 * later appliance anything. 0 or -errno. */
int lvm_start(void);

/* Activates the volume groups that these devices are physical volumes of, and tells of each logical
 * volume that a user would use. Nothing else is looked at. Into `used` goes which of them belong to
 * a group that could be read. 0; -1: LVM did not come to its end. *why is its last complaint, or
 * "". */
int lvm_activate(const char *const *nodes, bool *used, size_t count,
                 void (*found)(void *owner, const struct lvm_volume *volume), void *owner,
                 char *why, size_t size);

#endif
