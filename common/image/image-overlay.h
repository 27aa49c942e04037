/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written to a disk goes into a file of its own in front of the image, which is only read.
 * The file has no name: it goes with the disk. */
#ifndef VLT_IMAGE_OVERLAY_H
#define VLT_IMAGE_OVERLAY_H

#include "image-probe.h"

/* Puts an empty qcow2 of the disk's size in front of the chain, in `fd`, an empty file that is open
 * for reading and writing, which is taken over. It takes at most `room` bytes there, with its own
 * tables: what is written beyond fails with ENOSPC, for the guest too. The file gets that size at
 * once, as a hole. 0; -1 and *err (ERROR_REFUSED): the chain says no size, has too many files
 * already, or is too large for that room, or the file cannot be written. */
int image_overlay_add(struct image_chain *chain, int fd, uint64_t room, error **err);

/* The format of the image itself. */
enum image_format image_overlay_below(const struct image_chain *chain);

#endif
