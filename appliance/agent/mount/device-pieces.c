/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-pieces.h"
#include <stdlib.h>
#include <unistd.h>

#define ALIGNMENT 4096 /* of memory, for reading beside the page cache */

struct piece {
    uint64_t offset;
    size_t length; /* 0: nothing */
    unsigned char *bytes;
};

struct device_pieces {
    int fd;
    unsigned char *memory; /* of all pieces */
    struct piece pieces[DEVICE_PIECES_COUNT];
};

device_pieces *device_pieces_new(int fd)
{
    AUTO_FD int taken = fd;
    AUTO_DEVICE_PIECES device_pieces *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->fd = -1;
    self->memory = aligned_alloc(ALIGNMENT, DEVICE_PIECES_SIZE * DEVICE_PIECES_COUNT);
    if (!self->memory || taken < 0)
        return NULL;
    for (size_t i = 0; i < DEVICE_PIECES_COUNT; i++)
        self->pieces[i].bytes = self->memory + i * DEVICE_PIECES_SIZE;
    self->fd = steal_fd(&taken);
    return STEAL(self);
}

void device_pieces_free(device_pieces *self)
{
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    free(self->memory);
    free(self);
}

const unsigned char *device_pieces_at(device_pieces *self, uint64_t offset, size_t size)
{
    uint64_t begin = offset & ~(uint64_t)(DEVICE_PIECES_SIZE - 1);
    struct piece *piece = &self->pieces[begin / DEVICE_PIECES_SIZE % DEVICE_PIECES_COUNT];
    if (offset > INT64_MAX - DEVICE_PIECES_SIZE)
        return NULL;
    if (piece->length == 0 || piece->offset != begin) {
        ssize_t length = pread(self->fd, piece->bytes, DEVICE_PIECES_SIZE, (off_t)begin);
        piece->length = length > 0 ? (size_t)length : 0;
        piece->offset = begin;
    }
    size_t at = offset - begin;
    return at + size <= piece->length ? piece->bytes + at : NULL;
}
