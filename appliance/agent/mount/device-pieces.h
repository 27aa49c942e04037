/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pieces of a device, or of a file, that were read last: for readers of small records
 * (device-inodes.h), which come back to the same places. */
#ifndef VLT_AGENT_DEVICE_PIECES_H
#define VLT_AGENT_DEVICE_PIECES_H

#include "base/cleanup.h"
#include <stddef.h>
#include <stdint.h>

/* What is kept: 32 pieces of 64 KiB. Each has one place, by its offset. */
#define DEVICE_PIECES_SIZE ((size_t)64 * 1024)
#define DEVICE_PIECES_COUNT 32

typedef struct device_pieces device_pieces;

/* Takes over the descriptor, also where it fails; it may be open with O_DIRECT. NULL: no memory, or
 * the descriptor is negative. */
device_pieces *device_pieces_new(int fd);
void device_pieces_free(device_pieces *self);

/* The `size` bytes at the offset, valid until the next call. `size` is a power of 2 and not more
 * than a piece, and the offset a multiple of it: so they are within one piece. NULL: they cannot be
 * read, or the device ends before. */
const unsigned char *device_pieces_at(device_pieces *self, uint64_t offset, size_t size);

static inline void cleanup_device_pieces(device_pieces **self)
{
    device_pieces_free(*self);
}
#define AUTO_DEVICE_PIECES CLEANUP(cleanup_device_pieces)

#endif
