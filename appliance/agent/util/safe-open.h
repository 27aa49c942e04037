/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens paths in a guest's tree. No link, absolute or with "..", leads out of it. */
#ifndef VLT_AGENT_SAFE_OPEN_H
#define VLT_AGENT_SAFE_OPEN_H

#include <stdbool.h>

/* openat2() with `root` (which may be O_PATH) as root directory, or -errno. Follows links, also the
 * last one unless flags has O_NOFOLLOW. Devices and FIFOs must not be opened: pass O_DIRECTORY or
 * O_PATH where the path might be one. */
int safe_open_open(int root, const char *path, int flags);

/* How a path is taken that does not exist as it stands. */
struct safe_open_how {
    bool fold;           /* a name is searched without regard to the case of ASCII letters */
    const char *ntfs_at; /* where the guest has an NTFS ("": it is the root): its junctions are
                            followed; NULL: nowhere */
};

/* Opens a directory for reading. */
int safe_open_directory(int root, const char *path, const struct safe_open_how *how);

#endif
