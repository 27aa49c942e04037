/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* O_DIRECT */
#include "journal-copy.h"
#include "base/cleanup.h"
#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A view's chunk, and what O_DIRECT wants. */
#define ALIGN ((uint64_t)4096)

/* fs/ext4/ext4.h, struct ext4_super_block; ext4_extents.h. */
#define EXT_SUPERBLOCK 1024
#define EXT_LOG_BLOCK_SIZE 0x18
#define EXT_MAGIC 0x38
#define EXT_BACKUP_TYPE 0xfd /* 1: what follows is the journal's i_block[] */
#define EXT_BACKUP_BLOCKS 0x10c
#define EXTENT_SIZE 12

static unsigned le16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static uint32_t le32(const unsigned char *at)
{
    return le16(at) | (uint32_t)le16(at + 2) << 16;
}

static uint32_t be32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

void journal_copy_read_map(const unsigned char *superblock, struct journal_copy_map *map)
{
    const unsigned char *root = superblock + EXT_BACKUP_BLOCKS;
    unsigned shift = superblock[EXT_LOG_BLOCK_SIZE], entries = le16(root + 2);
    uint32_t next = 0;
    *map = (struct journal_copy_map){0};
    if (le16(superblock + EXT_MAGIC) != 0xef53 || shift > 6 || superblock[EXT_BACKUP_TYPE] != 1 ||
        le16(root) != 0xf30a || le16(root + 6) != 0 || entries > JOURNAL_COPY_EXTENTS)
        return;
    map->block_size = (uint64_t)1024 << shift;
    for (unsigned i = 0; i < entries; i++) {
        const unsigned char *extent = root + (size_t)EXTENT_SIZE * (i + 1);
        unsigned length = le16(extent + 4);
        if (le32(extent) != next || length == 0 || length > 0x8000)
            return; /* a hole, or not initialized: the driver will say so */
        next += length;
        map->pieces[i].at = ((uint64_t)le16(extent + 6) << 32 | le32(extent + 8)) * map->block_size;
        map->pieces[i].length = length * map->block_size;
        map->count++;
    }
}

/* linux/jbd2.h, journal_superblock_t: s_start, in blocks. */
uint64_t journal_copy_start(const unsigned char *superblock, uint64_t block_size)
{
    return be32(superblock) == 0xc03b3998 ? be32(superblock + 0x1c) * block_size : 0;
}

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
static void copy_log(int disk, int view, uint64_t size, const struct journal_copy_map *map,
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
    unsigned char superblock[1024];
    struct journal_copy_map map;
    if (pread(disk, superblock, sizeof superblock, EXT_SUPERBLOCK) != sizeof superblock)
        return;
    journal_copy_read_map(superblock, &map);
    if (map.count == 0 || map.pieces[0].at > INT64_MAX - sizeof superblock ||
        pread(disk, superblock, sizeof superblock, (off_t)map.pieces[0].at) != sizeof superblock)
        return;
    uint64_t start = journal_copy_start(superblock, map.block_size);
    AUTO_FREE void *buffer = aligned_alloc(ALIGN, JOURNAL_COPY_BYTES + 2 * ALIGN);
    AUTO_FD int fd = start == 0 || !buffer ? -1 : open(view, O_WRONLY | O_DIRECT | O_CLOEXEC);
    if (fd < 0)
        return;
    copy(disk, fd, size, 0, 2 * EXT_SUPERBLOCK, buffer); /* which is written, too */
    copy_log(disk, fd, size, &map, start, buffer);
}
