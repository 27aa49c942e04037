/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat(2) of files in a mounted filesystem by what stands on its device, where the agent can read
 * that: ext4-inodes.h, xfs-inodes.h, fat-inodes.h, ntfs-inodes.h. */
#ifndef VLT_AGENT_DEVICE_INODES_H
#define VLT_AGENT_DEVICE_INODES_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A symbolic link's target that is answered has fewer bytes. */
#define DEVICE_INODES_TARGET 60

typedef struct device_inodes device_inodes;

/* A file that a directory names, and says that it is no directory. */
struct device_inodes_file {
    uint64_t directory; /* the directory's number by stat(2) … */
    int at;             /* … and the directory, open */
    const char *name;
    uint64_t ino; /* as the directory says */
    bool regular; /* … and that it is a regular file */
};

/* fstype: libblkid's. NULL: the kernel must be asked for everything. */
device_inodes *device_inodes_open(const char *node, const char *fstype);
void device_inodes_free(device_inodes *self);

/* false: ask the kernel. Fills in STATX_BASIC_STATS of *status, without the device. A symbolic
 * link's target is written to `target` and *length. */
bool device_inodes_stat(device_inodes *self, const struct device_inodes_file *file,
                        struct statx *status, char target[DEVICE_INODES_TARGET], size_t *length);

static inline void cleanup_device_inodes(device_inodes **self)
{
    device_inodes_free(*self);
}
#define AUTO_DEVICE_INODES CLEANUP(cleanup_device_inodes)

#endif
