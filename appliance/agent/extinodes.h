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
#ifndef VLT_AGENT_EXTINODES_H
#define VLT_AGENT_EXTINODES_H

#include "cleanup.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A link that is in its inode has fewer bytes. */
#define EXTINODES_TARGET 60

typedef struct extinodes extinodes;

/* NULL: the kernel must be asked for everything: another filesystem, or one without checksums. */
extinodes *extinodes_open(const char *node);
void extinodes_free(extinodes *self);

/* false: ask the kernel. Of *status all of STATX_BASIC_STATS is filled in, but not the device. The
 * target of a symbolic link goes to `target` and *length. */
bool extinodes_stat(extinodes *self, uint64_t ino, struct statx *status,
                    char target[EXTINODES_TARGET], size_t *length);

static inline void cleanup_extinodes(extinodes **self)
{
    extinodes_free(*self);
}
#define AUTO_EXTINODES CLEANUP(cleanup_extinodes)

#endif
