/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical volumes, by LVM's own library in a separate process (appliance/programs/volume-groups.c):
 * the library is large, starts slowly, and parses untrusted metadata. Linear volumes do without it
 * (linear-volumes.h). */
#ifndef VLT_AGENT_LVM_H
#define VLT_AGENT_LVM_H

#include "agent/mount/filesystem-probe.h"
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define LVM_NODE_MAX 64

struct lvm_volume {
    char name[MAX_VOLUME_NAME]; /* VG/LV */
    char node[LVM_NODE_MAX];
    dev_t number; /* 0: it is not active; `why` is the reason */
    char why[VOLUME_MESSAGE_MAX];
    bool plain;   /* false: it cannot be so called, `name` is not quite its name, and `why` */
    bool damaged; /* it is not active because something is damaged */
};

/* What a physical volume is to LVM. */
enum lvm_member {
    LVM_MEMBER_USED,      /* it belongs to a group that could be read */
    LVM_MEMBER_ORPHAN,    /* it belongs to none */
    LVM_MEMBER_ELSEWHERE, /* its group is described on other disks, which are not here */
    LVM_MEMBER_DAMAGED    /* its group cannot be read */
};

/* Bytes of what LVM complains about that are kept, a line each. */
#define LVM_COMPLAINTS_MAX 8192

/* A logical volume, from a line that volume-groups wrote, without the letter before it.
 * `complaints` are LVM's lines, of which the first one that names the volume is the reason why it
 * is not active, or else the first of all. */
void lvm_read_volume(const char *line, const char *complaints, struct lvm_volume *volume);

/* A physical volume, in the same way: its node, and what it is. */
enum lvm_member lvm_read_member(const char *line, char node[LVM_NODE_MAX]);

/* Starts that process. Called before a template is saved, so restored appliances do not pay for its
 * start. 0 or -errno. */
int lvm_start(void);

/* What volume-groups is asked for: volume-groups.c has what it answers. */
enum lvm_request { LVM_ASK_LINEAR = 'L', LVM_ASK_ACTIVATE = 'A' };

/* Asks that process about these devices. Its answer's lines; NULL, and errno: it does not run. */
FILE *lvm_ask(enum lvm_request request, const char *const *nodes, size_t count);

/* Activates the volume groups of these physical volumes, and calls found() for each logical volume
 * that is meant for users. LVM sees no other devices. members[i]: what device i is. 0; -1: LVM
 * failed. *why is its first error message, or "". */
int lvm_activate(const char *const *nodes, enum lvm_member *members, size_t count,
                 void (*found)(void *owner, const struct lvm_volume *volume), void *owner,
                 char *why, size_t size);

#endif
