/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large a filesystem says that it is: one that is larger than its volume was cut. Some drivers
 * mount it all the same. */
#ifndef VLT_AGENT_FILESYSTEM_SIZE_H
#define VLT_AGENT_FILESYSTEM_SIZE_H

#include <stdint.h>

/* Bytes from the beginning of the volume, by the superblock; 0: it does not say, or it says what
 * cannot be. `type` as libblkid has it. Not those that have several volumes (btrfs), or that
 * rightly end behind the volume (iso9660, without what pads it). */
uint64_t filesystem_size_claimed(const char *type, int fd);

#endif
