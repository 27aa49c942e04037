/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filesystem of a guest goes where. */
#ifndef VLT_AGENT_MOUNT_PLAN_H
#define VLT_AGENT_MOUNT_PLAN_H

#include "agent/util/log-lines.h"
#include "agent/volume/volume-table.h"

struct mount_plan_item {
    struct content *what;
    char *where;                 /* absolute, in the guest's tree */
    char *options;               /* may be given to mount(2) */
    char fstype[MAX_FSTYPE + 1]; /* "": what was found */
    unsigned line;               /* of fstab */
};

/* Something that fstab wants at `where`, and that is not there. */
struct mount_plan_gap {
    char *where;
    char *why;
};

/* All zero is an empty plan. */
struct mount_plan {
    struct mount_plan_item *items;
    size_t count;
    struct mount_plan_gap *gaps;
    size_t gap_count;
    struct log_lines notes;
};

/* What the guest's /etc/fstab says, in the order of mounting; the root itself is left out. What it
 * names and is not there is a gap; what is of no disk (tmpfs, nfs …), or may be missing (nofail),
 * only a note. `noauto` is mounted all the same: who
 * looks for files wants them. */
void mount_plan_fstab(struct mount_plan *self, volume_table *all, int root);

/* What -m says; its first item is the root. STATUS_OK, or why not, in *message. */
enum status mount_plan_mounts(struct mount_plan *self, volume_table *all,
                              const struct ls_args *args, char *message, size_t size);

/* How many directories the path goes through; 0: it is the root. */
unsigned mount_plan_depth(const char *where);

/* Copies the strings. */
void mount_plan_add(struct mount_plan *self, const struct mount_plan_item *item);
void mount_plan_add_gap(struct mount_plan *self, const char *where, const char *why);
/* So that no filesystem hides one that was mounted before it; otherwise the order stays. */
void mount_plan_sort(struct mount_plan *self);
void mount_plan_clear(struct mount_plan *self);

#endif
