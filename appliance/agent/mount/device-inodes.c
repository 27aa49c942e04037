/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-inodes.h"
#include "xfs-inodes.h"
#include <stdlib.h>
#include <string.h>

/* One of them. */
struct device_inodes {
    ext4_inodes *ext4;
    xfs_inodes *xfs;
};

device_inodes *device_inodes_open(const char *node, const char *fstype)
{
    AUTO_DEVICE_INODES device_inodes *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (strncmp(fstype, "ext", 3) == 0)
        self->ext4 = ext4_inodes_open(node);
    else if (strcmp(fstype, "xfs") == 0)
        self->xfs = xfs_inodes_open(node);
    return self->ext4 || self->xfs ? STEAL(self) : NULL;
}

void device_inodes_free(device_inodes *self)
{
    if (!self)
        return;
    ext4_inodes_free(self->ext4);
    xfs_inodes_free(self->xfs);
    free(self);
}

bool device_inodes_stat(device_inodes *self, uint64_t ino, struct statx *status,
                        char target[DEVICE_INODES_TARGET], size_t *length)
{
    return self->xfs ? xfs_inodes_stat(self->xfs, ino, status)
                     : ext4_inodes_stat(self->ext4, ino, status, target, length);
}
