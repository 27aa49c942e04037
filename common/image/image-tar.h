/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one disk image in a tar archive, such as an OVA (DMTF DSP0243): where its bytes lie. Reads
 * headers only; every number in them is checked against the file. */
#ifndef VLT_IMAGE_TAR_H
#define VLT_IMAGE_TAR_H

#include "image-probe.h"

struct image_tar_disk {
    uint64_t offset, size; /* bytes, within the file */
    char name[256];        /* as the archive has it, cut off where it is longer; for messages */
};

/* Members that are images by their first bytes, or by a name that ends as those of disks do. fd has
 * `size` bytes. 0; -1 and *err: ERROR_CORRUPT (a member ends behind the file, a header whose
 * checksum is wrong), ERROR_UNSUPPORTED (no disk, or several; the message says which),
 * ERROR_UNREADABLE. */
int image_tar_find(int fd, uint64_t size, struct image_tar_disk *disk, error **err);

#endif
