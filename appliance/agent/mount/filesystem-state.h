/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a filesystem's own marks say of its last unmounting. They are the image's: anything. */
#ifndef VLT_AGENT_FILESYSTEM_STATE_H
#define VLT_AGENT_FILESYSTEM_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum filesystem_state {
    FILESYSTEM_CLEAN,
    FILESYSTEM_UNCLEAN,      /* it was not unmounted, and nothing can be replayed */
    FILESYSTEM_JOURNAL,      /* what is in its journal has to be replayed */
    FILESYSTEM_FAST_COMMITS, /* … and it is an ext4's, with fast commits */
    FILESYSTEM_UNKNOWN       /* only a mount tells */
};

/* `type` as libblkid has it. What cannot be read is FILESYSTEM_UNKNOWN. */
enum filesystem_state filesystem_state_read(const char *type, int fd);

/* Whether a btrfs is the seed of others: they begin with what is in it, and need it. */
bool filesystem_state_is_seed(int fd);

struct filesystem_xfs {
    unsigned char uuid[16];
    bool external_log;
    uint64_t log;      /* its bytes */
    uint64_t realtime; /* bytes on a device of their own; 0: it has none */
};

/* What an xfs has besides its volume; false: that cannot be read. */
bool filesystem_state_xfs(int fd, struct filesystem_xfs *xfs);

/* Whether that is the log of that xfs. */
bool filesystem_state_is_xfs_log(int fd, const struct filesystem_xfs *xfs);

#endif
