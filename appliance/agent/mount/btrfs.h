/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Special cases of btrfs. */
#ifndef VLT_AGENT_BTRFS_H
#define VLT_AGENT_BTRFS_H

#include "wire/protocol.h"

/* Bytes of data space that are allocated and not used, of the mounted filesystem at `path`. On a
 * read-only device the kernel treats every block group as read-only, and statvfs does not count
 * this space as available; in the guest, which can write the device, it does. 0 where the kernel
 * does not say. */
uint64_t btrfs_free_data(const char *path);

/* Announces a device to btrfs, so that a filesystem over several can be mounted. */
void btrfs_introduce(const char *node);

/* Makes btrfs forget a device. It remembers devices by their filesystem's UUID, and would take a
 * later clone for the same filesystem under a new name. */
void btrfs_forget(const char *node);

#endif
