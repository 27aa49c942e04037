/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes of a mounted ext4 with checksums, read from its device: what stat(2) says of a file, for
 * about a twentieth of what it costs in an emulated machine to have the kernel look a name up, make
 * an inode and forget it.
 *
 * Only what is plain and whole is answered, with the kernel's answer: the checksums of superblock
 * and inode are verified, and whatever is unusual, damaged or a directory is for the kernel to say.
 * Of an inode that was made to be wrong, checksum included, the kernel may refuse to tell what is
 * told here: it looks at more of it, as where its blocks are.
 * No number that is read here is used for anything but as an offset to read at. */
#ifndef VLT_AGENT_EXT4_INODES_H
#define VLT_AGENT_EXT4_INODES_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A link that is in its inode has fewer bytes. */
#define EXT4_INODES_TARGET 60

typedef struct ext4_inodes ext4_inodes;

/* NULL: the kernel must be asked for everything: another filesystem, or one without checksums. */
ext4_inodes *ext4_inodes_open(const char *node);
void ext4_inodes_free(ext4_inodes *self);

/* false: ask the kernel. Of *status all of STATX_BASIC_STATS is filled in, but not the device. The
 * target of a symbolic link goes to `target` and *length. */
bool ext4_inodes_stat(ext4_inodes *self, uint64_t ino, struct statx *status,
                      char target[EXT4_INODES_TARGET], size_t *length);

static inline void cleanup_ext4_inodes(ext4_inodes **self)
{
    ext4_inodes_free(*self);
}
#define AUTO_EXT4_INODES CLEANUP(cleanup_ext4_inodes)

#endif
