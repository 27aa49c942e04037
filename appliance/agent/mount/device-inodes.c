/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-inodes.h"
#include "ext4-inodes.h"
#include "fat-inodes.h"
#include "ntfs-inodes.h"
#include "xfs-inodes.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(EXT4_INODES_TARGET <= DEVICE_INODES_TARGET, "a target fits");

/* One of them. */
struct device_inodes {
    ext4_inodes *ext4;
    xfs_inodes *xfs;
    fat_inodes *fat;
    ntfs_inodes *ntfs;
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
    else if (strcmp(fstype, "vfat") == 0)
        self->fat = fat_inodes_open(node);
    else if (strcmp(fstype, "ntfs") == 0)
        self->ntfs = ntfs_inodes_new();
    return self->ext4 || self->xfs || self->fat || self->ntfs ? STEAL(self) : NULL;
}

void device_inodes_free(device_inodes *self)
{
    if (!self)
        return;
    ext4_inodes_free(self->ext4);
    xfs_inodes_free(self->xfs);
    fat_inodes_free(self->fat);
    ntfs_inodes_free(self->ntfs);
    free(self);
}

bool device_inodes_stat(device_inodes *self, const struct device_inodes_file *file,
                        struct statx *status, char target[DEVICE_INODES_TARGET], size_t *length)
{
    if (self->ext4)
        return ext4_inodes_stat(self->ext4, file->ino, status, target, length);
    if (self->xfs)
        return xfs_inodes_stat(self->xfs, file->ino, status);
    if (self->fat)
        return fat_inodes_stat(self->fat, file, status);
    return ntfs_inodes_stat(self->ntfs, file, status);
}
