/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw images that were cut into pieces, NAME.001, NAME.002 …, as dd, split and imagers of forensics
 * make them. Private to image*.c. */
#ifndef VLT_IMAGE_SPLIT_H
#define VLT_IMAGE_SPLIT_H

#include "image-file.h"

/* Whether the file, a raw image, is the first piece of several. 1: yes, and *info is then that of
 * the whole: its extents are the pieces, named relative to the file's directory, and its format is
 * that of a vmdk of flat extents; 0: it is an image of its own; -1 and *err: a piece is missing or
 * too short (ERROR_CORRUPT), or there are too many (ERROR_REFUSED). Opens nothing. */
int image_split_find(const struct image_file *first, struct image_info *info, error **err);

#endif
