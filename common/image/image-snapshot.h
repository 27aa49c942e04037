/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Internal snapshots of a qcow2. QEMU's monitor opens none of them, only the present (qemu-nbd and
 * qemu-img do, by a function of their own). But a snapshot is no more than another table of
 * clusters in the same file, so with a header that names that table the present is the snapshot. */
#ifndef VLT_IMAGE_SNAPSHOT_H
#define VLT_IMAGE_SNAPSHOT_H

#include "image-probe.h"

/* Makes the image that of the snapshot with this name, or else this ID: its header is one in memory
 * then, and the file follows it. What backs it stays. 0; -1 and *err: ERROR_UNSUPPORTED (it has no
 * such snapshots), ERROR_REFUSED (not this one; the message names those that are there),
 * ERROR_CORRUPT. */
int image_snapshot_select(struct image_chain *chain, const char *name, unsigned block_size,
                          error **err);

#endif
