/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linear logical volumes, which most groups have and nothing else: pieces of physical volumes, one
 * behind the other. volume-groups reads where they are (appliance/programs/linear-groups.h); the
 * agent maps them itself, read-only, so that LVM's commands, views of the physical volumes and new
 * devices are not needed. */
#ifndef VLT_AGENT_LINEAR_VOLUMES_H
#define VLT_AGENT_LINEAR_VOLUMES_H

#include "lvm.h"
#include <stdint.h>

/* As many as volume-groups tells of. */
#define LINEAR_VOLUMES_MAX 256
#define LINEAR_VOLUMES_PIECES_MAX 512

/* Devices that stay between guests. What a guest has beyond them goes with its other devices of the
 * mapper. */
#define LINEAR_VOLUMES_KEPT 16

struct linear_volumes {
    size_t volumes, pieces;
    struct {
        char name[MAX_VOLUME_NAME]; /* VG/LV */
        size_t first, count;        /* of the pieces */
    } volume[LINEAR_VOLUMES_MAX];
    struct {
        uint64_t sectors, start; /* of 512 bytes; where on the physical volume */
        size_t member;           /* which of them */
    } piece[LINEAR_VOLUMES_PIECES_MAX];
};

/* Takes a line of the answer. 1: it was the last; 0; -1: it is none that volume-groups would write
 * of so many physical volumes. */
int linear_volumes_take(struct linear_volumes *self, const char *line, size_t members);

/* Asks for the volumes of these physical volumes. false: their groups are LVM's to activate. */
bool linear_volumes_read(struct linear_volumes *self, const char *const *nodes, size_t count);

/* Maps volume `index` as the guest's device `number` of this kind. `members` are the physical
 * volumes' devices. 0, its node and *device, or -errno. */
int linear_volumes_map(const struct linear_volumes *self, size_t index, unsigned number,
                       const dev_t *members, char node[LVM_NODE_MAX], dev_t *device);

/* Empties those of the guest's first `count` devices of this kind that stay, the last first. 0 or
 * -errno: some are in use. */
int linear_volumes_clear(unsigned count);

/* Whether the device of the mapper is one that stays. */
bool linear_volumes_stay(const char *name);

#endif
