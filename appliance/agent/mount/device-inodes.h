/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat(2) of files in a mounted filesystem by what stands on its device, where the agent can read
 * that: ext4-inodes.h, xfs-inodes.h. */
#ifndef VLT_AGENT_DEVICE_INODES_H
#define VLT_AGENT_DEVICE_INODES_H

#include "ext4-inodes.h"

#define DEVICE_INODES_TARGET EXT4_INODES_TARGET

typedef struct device_inodes device_inodes;

/* fstype: libblkid's. NULL: the kernel must be asked for everything. */
device_inodes *device_inodes_open(const char *node, const char *fstype);
void device_inodes_free(device_inodes *self);

/* As ext4_inodes_stat(). */
bool device_inodes_stat(device_inodes *self, uint64_t ino, struct statx *status,
                        char target[DEVICE_INODES_TARGET], size_t *length);

static inline void cleanup_device_inodes(device_inodes **self)
{
    device_inodes_free(*self);
}
#define AUTO_DEVICE_INODES CLEANUP(cleanup_device_inodes)

#endif
