/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names below /dev. `dev` is /dev, or a stand-in. Failures are not reported: opening the name fails
 * later. */
#ifndef VLT_AGENT_DEVICE_NODES_H
#define VLT_AGENT_DEVICE_NODES_H

#define NODE_MAX 4096

/* The path of a disk's node (partition 0) or of a partition's. Returns buffer. */
const char *device_nodes_path(const char *dev, unsigned target, unsigned partition,
                              char buffer[NODE_MAX]);

/* Makes the node of a block device; replaces an existing one. */
void device_nodes_make(const char *path, unsigned major, unsigned minor);

/* dev/disk/guestfs/LABEL, or LABELn of a partition: a symlink to its node. */
void device_nodes_link(const char *dev, const char *label, unsigned target, unsigned partition);
void device_nodes_unlink(const char *dev, const char *label, unsigned partition);

#endif
