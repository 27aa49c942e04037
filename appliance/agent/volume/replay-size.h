/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much the replay of an ext4's journal writes, and whether it ends, found out beforehand: the
 * log is read from one descriptor to the next, as the driver's first pass does (do_one_pass() of
 * fs/jbd2/recovery.c). So a journal that needs more memory than there is costs no mount that fails
 * when the memory is full, and one that leads round in a circle, which the driver would follow for
 * ever, costs none at all.
 *
 * It is an estimate. What the log revokes is counted, too, and so is a last transaction that is not
 * whole. */
#ifndef VLT_AGENT_REPLAY_SIZE_H
#define VLT_AGENT_REPLAY_SIZE_H

#include <stdint.h>

/* Blocks that are counted; of a log that names more the rest is not. */
#define REPLAY_SIZE_BLOCKS ((uint64_t)1 << 20)

/* The log has no end. */
#define REPLAY_SIZE_ENDLESS UINT64_MAX

/* Bytes that a view of the volume, of `size` bytes, takes for it: in pieces of 4096, each counted
 * once. 0: that cannot be told, or the whole journal has no more than `enough`. */
uint64_t replay_size_read(int disk, uint64_t size, uint64_t enough);

#endif
