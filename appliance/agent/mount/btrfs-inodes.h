/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes of a mounted btrfs, many with each question to the kernel (BTRFS_IOC_TREE_SEARCH_V2): the
 * result of stat(2) for a quarter of the time that an emulated machine takes to have the kernel
 * look up a name, make an inode and forget it.
 *
 * The kernel has verified the blocks that it answers from. Only regular files are answered; for
 * everything else, and what is not there, the caller asks the kernel by name. (The same call of
 * xfs, XFS_IOC_BULKSTAT, makes an inode for each answer, and so was no faster.) */
#ifndef VLT_AGENT_BTRFS_INODES_H
#define VLT_AGENT_BTRFS_INODES_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct btrfs_inodes btrfs_inodes;

/* Of the subvolume that the open directory is in. NULL: the kernel must be asked for each file:
 * another filesystem, or no memory. */
btrfs_inodes *btrfs_inodes_open(int directory);
void btrfs_inodes_free(btrfs_inodes *self);

/* Of a file that a directory calls a regular one; any open directory of that subvolume. false: ask
 * the kernel. Fills in STATX_BASIC_STATS of *status, without the device. */
bool btrfs_inodes_stat(btrfs_inodes *self, int directory, uint64_t ino, struct statx *status);

static inline void cleanup_btrfs_inodes(btrfs_inodes **self)
{
    btrfs_inodes_free(*self);
}
#define AUTO_BTRFS_INODES CLEANUP(cleanup_btrfs_inodes)

#endif
