/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Junctions and absolute links of an NTFS. ntfs-3g shows them as links to below the directory that
 * it is mounted at, which is one of ours: no guest has that path. Pure. */
#ifndef VLT_AGENT_NTFS_LINK_H
#define VLT_AGENT_NTFS_LINK_H

#include <stdbool.h>
#include <stddef.h>

/* Where volumes are mounted, one at a time. */
#define NTFS_LINK_MOUNTED "/run/volume"

/* Makes of what readlink() gave, a string in a buffer of `size`, what the guest has: "/Users" where
 * the filesystem is the guest's root (`at` is ""), "/mnt/Users" where it is at /mnt. What leads to
 * another drive is written as Windows writes it, "D:\data". false: the link is none of these, or
 * there is no room; it is unchanged. */
bool ntfs_link_settle(char *target, size_t size, const char *at);

#endif
