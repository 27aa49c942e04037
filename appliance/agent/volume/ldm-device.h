/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A volume of dynamic disks as a device-mapper device. It is read-only: the kernel opens its pieces
 * for reading. */
#ifndef VLT_AGENT_LDM_DEVICE_H
#define VLT_AGENT_LDM_DEVICE_H

#include "ldm-record.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Far beyond what Windows makes: 32 disks. */
#define LDM_PIECES_MAX 256
#define LDM_NODE_MAX 32

struct ldm_piece {
    dev_t number;   /* of the disk or partition that it is in; 0: it is missing */
    uint64_t start; /* there; sectors of 512 bytes, as all that follow */
    uint64_t size;
};

struct ldm_table {
    enum ldm_volume_type type;
    uint64_t size;
    uint64_t chunk;
    size_t count;
    struct ldm_piece pieces[LDM_PIECES_MAX];
};

/* Whether enough pieces are there to read it. */
bool ldm_device_suffices(const struct ldm_table *table);

/* Makes the device number `index` (from 0, each once until device_mapper_remove_all()), and its
 * node. 0, `node` and *number; -ERANGE: contradictory sizes; -errno. */
int ldm_device_make(const struct ldm_table *table, unsigned index, char node[LDM_NODE_MAX],
                    dev_t *number);

#endif
