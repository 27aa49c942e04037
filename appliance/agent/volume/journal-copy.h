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

/* What is copied at most, but for the superblock. */
#define JOURNAL_COPY_BYTES ((uint64_t)128 << 10)

#endif
