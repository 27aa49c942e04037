/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups that have nothing but linear volumes, as an installer makes them: read from their
 * physical volumes, without LVM's commands, which take tens of milliseconds under emulation.
 *
 * A group is taken only where all is known that its metadata say, all is there that they name, and
 * all checksums fit. Everything else is LVM's: what it can do with it, and what it says of it. */
#ifndef VLT_LINEAR_GROUPS_H
#define VLT_LINEAR_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More of any of these are LVM's. */
#define LINEAR_GROUPS_MEMBERS_MAX 64
#define LINEAR_GROUPS_VOLUMES_MAX 256
#define LINEAR_GROUPS_PIECES_MAX 512

/* LVM's bound of the mapper's name of a volume, VG-LV, in which each '-' of theirs is doubled. */
#define LINEAR_GROUPS_NAME_MAX 128

/* In sectors of 512 bytes. */
struct linear_piece {
    uint64_t sectors;
    uint64_t start; /* on its physical volume */
    size_t member;  /* which of those that were given */
};

struct linear_volume {
    char name[LINEAR_GROUPS_NAME_MAX];   /* VG/LV; letters, digits and "+_.-" only */
    char mapper[LINEAR_GROUPS_NAME_MAX]; /* VG-LV: the kernel's list is in this order */
    size_t first, count;                 /* of the pieces; they follow one another */
};

struct linear_groups {
    size_t volumes, pieces;
    struct linear_volume volume[LINEAR_GROUPS_VOLUMES_MAX]; /* by their mapper's names */
    struct linear_piece piece[LINEAR_GROUPS_PIECES_MAX];
};

/* Reads the groups of these physical volumes: descriptors of devices or files. false: something of
 * it is LVM's, and *found has no meaning. */
bool linear_groups_read(const int *members, size_t count, struct linear_groups *found);

#endif
