/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the journal of an ext3 or ext4 lies in its filesystem, as far as that is simple: an inode
 * of extents, in which, or one block below which, all of them are.
 *
 * All of it is the image's. A piece may be anywhere, also outside of the volume. */
#ifndef VLT_AGENT_JOURNAL_MAP_H
#define VLT_AGENT_JOURNAL_MAP_H

#include <stdbool.h>
#include <stdint.h>

/* mke2fs' largest by default, 1 GiB, has eight where the disk was empty. */
#define JOURNAL_MAP_PIECES 256

/* Pieces in the journal's order, in bytes. */
struct journal_map {
    unsigned count;
    struct {
        uint64_t at, length;
    } pieces[JOURNAL_MAP_PIECES];
    uint64_t block_size;
    uint64_t length; /* of all of them */
};

/* The journal of the filesystem on a volume; false: it has none, or one that only the driver
 * follows. */
bool journal_map_read(int disk, struct journal_map *map);

/* Where a byte of the journal is in the volume, and how many are together from there on;
 * UINT64_MAX: behind its end. */
uint64_t journal_map_at(const struct journal_map *map, uint64_t offset, uint64_t *together);

/* linux/jbd2.h, journal_superblock_t, what of it is used here. Numbers of blocks. */
struct journal_super {
    uint32_t length, first, sequence;
    uint32_t start;        /* 0: nothing is to be replayed */
    uint32_t features;     /* the incompatible ones */
    uint32_t fast_commits; /* blocks at the end that are for these, if features say so */
};

/* The journal's own superblock; false: it is none. */
bool journal_map_super(int disk, const struct journal_map *map, struct journal_super *super);

#endif
