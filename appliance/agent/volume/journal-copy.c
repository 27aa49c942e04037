/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* O_DIRECT */
#include "journal-copy.h"
#include "base/cleanup.h"
#include "journal-map.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A view's chunk, and what O_DIRECT wants. */
#define ALIGN ((uint64_t)4096)

#define EXT_SUPERBLOCK 1024

/* From there to there, in whole chunks; what of a chunk belongs to others is copied, too. */
static void copy(int disk, int view, uint64_t size, uint64_t at, uint64_t length, void *buffer)
{
    uint64_t begin = at / ALIGN * ALIGN;
    if (at > size || length > size - at)
        return;
    length = (at - begin + length + ALIGN - 1) / ALIGN * ALIGN;
    /* What does not work the driver does for itself. */
    if (length <= size - begin && pread(disk, buffer, length, (off_t)begin) == (ssize_t)length &&
        pwrite(view, buffer, length, (off_t)begin) < 0)
        return;
}

/* The part of the journal from there on, as far as the driver looks ahead. */
static void copy_log(int disk, int view, uint64_t size, const struct journal_map *map,
                     uint64_t start, void *buffer)
{
    uint64_t left = JOURNAL_COPY_BYTES;
    for (unsigned i = 0; i < map->count && left > 0; i++) {
        uint64_t length = map->pieces[i].length;
        if (start >= length) {
            start -= length;
            continue;
        }
        length = length - start < left ? length - start : left;
        copy(disk, view, size, map->pieces[i].at + start, length, buffer);
        left -= length;
        start = 0;
    }
}

void journal_copy_ahead(int disk, uint64_t size, const char *view)
{
    struct journal_map map;
    struct journal_super super;
    if (!journal_map_read(disk, &map) || !journal_map_super(disk, &map, &super))
        return;
    uint64_t start = super.start * map.block_size;
    AUTO_FREE void *buffer = aligned_alloc(ALIGN, JOURNAL_COPY_BYTES + 2 * ALIGN);
    AUTO_FD int fd = start == 0 || !buffer ? -1 : open(view, O_WRONLY | O_DIRECT | O_CLOEXEC);
    if (fd < 0)
        return;
    copy(disk, fd, size, 0, 2 * EXT_SUPERBLOCK, buffer); /* which is written, too */
    copy_log(disk, fd, size, &map, start, buffer);
}
