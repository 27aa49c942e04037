/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a guest mounts its filesystems: by the fstab of each operating system that is found in
 * them, and by the types of partitions where no fstab says it. Nothing is mounted for it: it looks
 * into each filesystem while that is mounted for its figures. */
#ifndef VLT_AGENT_MOUNT_POINTS_H
#define VLT_AGENT_MOUNT_POINTS_H

#include "agent/volume/volume-table.h"

typedef struct mount_points mount_points;

/* NULL: no memory. */
mount_points *mount_points_new(void);

/* Of another guest. Borrows the table; what it has found is not to be added to any more. */
void mount_points_begin(mount_points *self, volume_table *all);

/* Looks into a filesystem that is mounted. */
void mount_points_visit(mount_points *self, struct content *what, int directory);

/* When all have been seen: finds out where each is mounted. */
void mount_points_settle(mount_points *self);

/* "": it is not known, or two systems of the guest mount it at different places. */
const char *mount_points_of(const mount_points *self, size_t index);

#endif
