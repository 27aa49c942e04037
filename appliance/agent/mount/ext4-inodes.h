/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes of a mounted ext4 with checksums, read from its device: the result of stat(2) for about a
 * twentieth of the time that an emulated machine takes to have the kernel look up a name, make an
 * inode and forget it.
 *
 * Only ordinary, intact inodes are answered, with the kernel's result: the checksums of superblock
 * and inode are verified, and for anything unusual, damaged, or a directory the caller asks the
 * kernel. The kernel checks more of an inode, such as its block map, so it may report an error
 * where a forged inode with a valid checksum is answered here. A number that is read here is used
 * only as an offset to read at. */
#ifndef VLT_AGENT_EXT4_INODES_H
#define VLT_AGENT_EXT4_INODES_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A symbolic link whose target is stored in the inode is shorter than this. */
#define EXT4_INODES_TARGET 60

typedef struct ext4_inodes ext4_inodes;

/* NULL: the kernel must be asked for everything: another filesystem, or one without checksums. */
ext4_inodes *ext4_inodes_open(const char *node);
void ext4_inodes_free(ext4_inodes *self);

/* false: ask the kernel. Fills in STATX_BASIC_STATS of *status, without the device. A symbolic
 * link's target is written to `target` and *length. */
bool ext4_inodes_stat(ext4_inodes *self, uint64_t ino, struct statx *status,
                      char target[EXT4_INODES_TARGET], size_t *length);

static inline void cleanup_ext4_inodes(ext4_inodes **self)
{
    ext4_inodes_free(*self);
}
#define AUTO_EXT4_INODES CLEANUP(cleanup_ext4_inodes)

#endif
