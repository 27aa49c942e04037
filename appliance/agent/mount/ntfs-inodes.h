/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes of an NTFS that ntfs-3g has mounted, read as records of its $MFT: the result of stat(2)
 * without a message to that program and back for each name, which in an emulated machine takes half
 * a millisecond.
 *
 * ntfs-3g still says where the records are, and which names there are; what is read here is only
 * the record that it would read. Answered are regular files whose record is whole: no part of it
 * torn (its update sequence), all attributes in it (no list of attributes), and the name that it
 * was found by, in that directory, among its names. Everything else is asked of ntfs-3g: reparse
 * points, system files (which may be links and devices of Interix), and all files of a volume that
 * maps owners (.NTFS-3G/UserMapping).
 */
#ifndef VLT_AGENT_NTFS_INODES_H
#define VLT_AGENT_NTFS_INODES_H

#include "base/cleanup.h"
#include "device-inodes.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct ntfs_inodes ntfs_inodes;

/* Of the filesystem that the first file is in which it is asked about. NULL: no memory. */
ntfs_inodes *ntfs_inodes_new(void);
void ntfs_inodes_free(ntfs_inodes *self);

/* As device_inodes_stat(). */
bool ntfs_inodes_stat(ntfs_inodes *self, const struct device_inodes_file *file,
                      struct statx *status);

static inline void cleanup_ntfs_inodes(ntfs_inodes **self)
{
    ntfs_inodes_free(*self);
}
#define AUTO_NTFS_INODES CLEANUP(cleanup_ntfs_inodes)

#endif
