/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-map.h"
#include <endian.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* fs/ext4/ext4.h, struct ext4_super_block, at byte 1024; ext4_extents.h. */
#define EXT_SUPERBLOCK 1024
#define EXT_LOG_BLOCK_SIZE 0x18
#define EXT_MAGIC 0x38
#define EXT_BACKUP_TYPE 0xfd /* 1: what follows is the journal's i_block[] */
#define EXT_BACKUP_BLOCKS 0x10c
#define EXTENT_SIZE ((size_t)12) /* of a header, and of an entry */
#define EXTENTS_IN_INODE 4

/* Blocks that an index can lead to. */
#define LEAF_BLOCK_MAX 4096

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

static bool read_at(int disk, uint64_t at, unsigned char *bytes, size_t length)
{
    return at <= INT64_MAX - length && pread(disk, bytes, length, (off_t)at) == (ssize_t)length;
}

/* Of an extent or an index, each of which has it in halves. */
static uint64_t block_of(unsigned high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

/* Appends one; false: there is a hole, or it is not initialized, or there are too many. */
static bool take_extent(const unsigned char *extent, struct journal_map *map)
{
    unsigned blocks = le16(extent + 4);
    if (map->count == JOURNAL_MAP_PIECES || blocks == 0 || blocks > 0x8000 ||
        le32(extent) * map->block_size != map->length)
        return false;
    map->pieces[map->count].at = block_of(le16(extent + 6), le32(extent + 8)) * map->block_size;
    map->pieces[map->count++].length = blocks * map->block_size;
    map->length += blocks * map->block_size;
    return true;
}

/* The entries of a node with room for so many; -1: it is none, or not at that depth. */
static int entries_of(const unsigned char *node, unsigned depth, size_t room)
{
    unsigned entries = le16(node + 2);
    return le16(node) == 0xf30a && le16(node + 6) == depth && entries <= room ? (int)entries : -1;
}

static bool take_leaf(const unsigned char *node, size_t room, struct journal_map *map)
{
    int entries = entries_of(node, 0, room);
    for (int i = 0; i < entries; i++)
        if (!take_extent(node + EXTENT_SIZE * (size_t)(i + 1), map))
            return false;
    return entries >= 0;
}

static bool take_index(int disk, const unsigned char *root, struct journal_map *map)
{
    unsigned char leaf[LEAF_BLOCK_MAX];
    int entries = entries_of(root, 1, EXTENTS_IN_INODE);
    size_t size = map->block_size < sizeof leaf ? map->block_size : sizeof leaf;
    for (int i = 0; i < entries; i++) {
        const unsigned char *index = root + EXTENT_SIZE * (size_t)(i + 1);
        uint64_t block = block_of(le16(index + 8), le32(index + 4));
        if (!read_at(disk, block * map->block_size, leaf, size) ||
            !take_leaf(leaf, size / EXTENT_SIZE - 1, map))
            return false;
    }
    return entries > 0;
}

bool journal_map_read(int disk, struct journal_map *map)
{
    unsigned char super[1024];
    const unsigned char *root = super + EXT_BACKUP_BLOCKS;
    map->count = 0;
    map->length = 0;
    if (!read_at(disk, EXT_SUPERBLOCK, super, sizeof super) || le16(super + EXT_MAGIC) != 0xef53 ||
        super[EXT_LOG_BLOCK_SIZE] > 6 || super[EXT_BACKUP_TYPE] != 1)
        return false;
    map->block_size = (uint64_t)1024 << super[EXT_LOG_BLOCK_SIZE];
    return (take_leaf(root, EXTENTS_IN_INODE, map) || take_index(disk, root, map)) &&
           map->count > 0;
}

uint64_t journal_map_at(const struct journal_map *map, uint64_t offset, uint64_t *together)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (offset < map->pieces[i].length) {
            *together = map->pieces[i].length - offset;
            return map->pieces[i].at + offset;
        }
        offset -= map->pieces[i].length;
    }
    return UINT64_MAX;
}

/* Formats 1 and 2 begin alike; the first has no features. */
bool journal_map_super(int disk, const struct journal_map *map, struct journal_super *super)
{
    unsigned char bytes[1024];
    if (!read_at(disk, map->pieces[0].at, bytes, sizeof bytes) || be32(bytes) != 0xc03b3998 ||
        be32(bytes + 12) != map->block_size)
        return false;
    *super = (struct journal_super){.length = be32(bytes + 16),
                                    .first = be32(bytes + 20),
                                    .sequence = be32(bytes + 24),
                                    .start = be32(bytes + 28)};
    if (be32(bytes + 4) == 4) {
        super->features = be32(bytes + 0x28);
        super->fast_commits = be32(bytes + 0x54);
    }
    return true;
}
