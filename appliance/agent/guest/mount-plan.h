/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filesystem of a guest goes where. */
#ifndef VLT_AGENT_MOUNT_PLAN_H
#define VLT_AGENT_MOUNT_PLAN_H

#include "agent/util/log-lines.h"
#include "agent/volume/volume-table.h"

struct mount_plan_item {
    struct content *what;
    char *where;                 /* absolute, in the guest's tree */
    char *options;               /* safe for mount(2) */
    char fstype[MAX_FSTYPE + 1]; /* "": what was found */
    unsigned line;               /* of fstab; 0: it is not from there */
};

/* A filesystem that fstab mounts at `where`, and that is missing. */
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

/* The mounts of the guest's /etc/fstab, in mounting order, without the root. An entry whose device
 * is missing becomes a gap; one without a disk (tmpfs, nfs …), or that may be missing (nofail, or
 * noauto where it has a name that only the guest's machine knows), only a note. `noauto` entries
 * are mounted too, because their files belong to the listing. A device that is named by what only
 * the guest's machine knows is found where one filesystem is left that it can be; a note says that
 * it is a guess. */
void mount_plan_fstab(struct mount_plan *self, volume_table *all, const struct content *root,
                      int directory);

/* Adds the filesystems that are mounted by the types of their partitions (partition-places.h),
 * where fstab has nothing for that directory, and it is there and empty. To be asked after
 * mount_plan_fstab(). */
void mount_plan_types(struct mount_plan *self, volume_table *all, const struct content *root,
                      int directory);

/* The mounts of -m; the first item is the root. STATUS_OK, or the reason in *message. */
enum status mount_plan_mounts(struct mount_plan *self, volume_table *all,
                              const struct ls_args *args, char *message, size_t size);

/* The number of the path's components; 0: it is the root. */
unsigned mount_plan_depth(const char *where);

/* Copies the strings. */
void mount_plan_add(struct mount_plan *self, const struct mount_plan_item *item);
void mount_plan_add_gap(struct mount_plan *self, const char *where, const char *why);
/* Sorts the items so that no filesystem hides one that was mounted before it; otherwise keeps their
 * order. */
void mount_plan_sort(struct mount_plan *self);
void mount_plan_clear(struct mount_plan *self);

#endif
