/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What btrfs needs and others do not. */
#ifndef VLT_AGENT_BTRFS_H
#define VLT_AGENT_BTRFS_H

#include "wire/protocol.h"

/* Bytes of data space that are allocated and not used, of the mounted filesystem at `path`. On a
 * device that cannot be written the kernel takes every block group for read-only and leaves them
 * out of what statvfs calls available; on one that can be written, as its owner has it, they are
 * in. 0 where the kernel does not say. */
uint64_t btrfs_free_data(const char *path);

/* Tells btrfs of a device, so that a filesystem over several can be mounted. */
void btrfs_introduce(const char *node);

/* btrfs remembers every device it has seen, by its filesystem's UUID, and takes a clone that comes
 * later for the same filesystem under a new name. */
void btrfs_forget(const char *node);

#endif
