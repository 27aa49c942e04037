/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Special cases of btrfs. */
#ifndef VLT_AGENT_BTRFS_H
#define VLT_AGENT_BTRFS_H

/* Announces a device to btrfs, so that a filesystem over several can be mounted. */
void btrfs_introduce(const char *node);

/* Makes btrfs forget a device. It remembers devices by their filesystem's UUID, and would take a
 * later clone for the same filesystem under a new name. */
void btrfs_forget(const char *node);

#endif
