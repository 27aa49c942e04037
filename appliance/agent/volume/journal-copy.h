/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver of ext3 and ext4 will read first when it replays a journal, copied into the view
 * beforehand: it reads 128 KiB block by block (do_readahead() of fs/jbd2/recovery.c), and each
 * block through a view is a request to the disk, which costs an emulated machine most of the
 * replay. In one piece it is one or two.
 *
 * A copy goes to where it came from, so what an image says of its journal can only make it useless.
 */
#ifndef VLT_AGENT_JOURNAL_COPY_H
#define VLT_AGENT_JOURNAL_COPY_H

#include <stdint.h>

/* `disk` is the volume, of `size` bytes, and `view` the node of a view of it. */
void journal_copy_ahead(int disk, uint64_t size, const char *view);

/* --- the parts of it that are pure --- */

#define JOURNAL_COPY_EXTENTS 4 /* in an inode */
#define JOURNAL_COPY_BYTES ((uint64_t)128 << 10)

/* Where the journal lies: pieces in its order, in bytes. */
struct journal_copy_map {
    unsigned count;
    struct {
        uint64_t at, length;
    } pieces[JOURNAL_COPY_EXTENTS];
    uint64_t block_size;
};

/* What the superblock, of 1024 bytes, says of a journal in this filesystem. count is 0 where that
 * is nothing, or what only the driver follows. */
void journal_copy_read_map(const unsigned char *superblock, struct journal_copy_map *map);

/* The journal's own superblock, 1024 bytes: the byte in the journal at which the log begins; 0:
 * there is none. */
uint64_t journal_copy_start(const unsigned char *superblock, uint64_t block_size);

#endif
