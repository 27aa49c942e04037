/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes of a mounted xfs with checksums (version 5, as mkfs.xfs makes them since 2015), read from
 * its device: as ext4-inodes.h, and with the same limits to what is believed. An inode's number
 * says where it is, so no table of the filesystem is read. Only regular files are answered. */
#ifndef VLT_AGENT_XFS_INODES_H
#define VLT_AGENT_XFS_INODES_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct xfs_inodes xfs_inodes;

/* The filesystem is mounted read-only, and its log has been recovered. NULL: the kernel must be
 * asked for everything: another filesystem, one without checksums, or with features that are not
 * known here. */
xfs_inodes *xfs_inodes_open(const char *node);
void xfs_inodes_free(xfs_inodes *self);

/* false: ask the kernel. Fills in STATX_BASIC_STATS of *status, without the device. */
bool xfs_inodes_stat(xfs_inodes *self, uint64_t ino, struct statx *status);

static inline void cleanup_xfs_inodes(xfs_inodes **self)
{
    xfs_inodes_free(*self);
}
#define AUTO_XFS_INODES CLEANUP(cleanup_xfs_inodes)

#endif
