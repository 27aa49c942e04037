/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a mounted vfat, read from its directories on the device: the result of stat(2) without
 * the kernel's search for each name, which goes through the directory from its beginning.
 *
 * The filesystem is mounted with `nfs=nostale_ro`, so that the number of an inode says where the
 * entry of the directory is (fs/fat/file.c, fat_getattr()); without it, nothing is found, and the
 * kernel is asked. The same for each name that is not exactly once in what is read here: names that
 * are not ASCII and short, names that another character set is used for, damaged ones. */
#ifndef VLT_AGENT_FAT_INODES_H
#define VLT_AGENT_FAT_INODES_H

#include "base/cleanup.h"
#include "device-inodes.h"
#include <stdbool.h>
#include <sys/stat.h>

typedef struct fat_inodes fat_inodes;

/* NULL: the kernel must be asked for everything. */
fat_inodes *fat_inodes_open(const char *node);
void fat_inodes_free(fat_inodes *self);

/* As device_inodes_stat(). */
bool fat_inodes_stat(fat_inodes *self, const struct device_inodes_file *file, struct statx *status);

static inline void cleanup_fat_inodes(fat_inodes **self)
{
    fat_inodes_free(*self);
}
#define AUTO_FAT_INODES CLEANUP(cleanup_fat_inodes)

#endif
