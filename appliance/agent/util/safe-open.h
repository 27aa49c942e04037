/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths in a guest's tree. No link in it, absolute or with "..", leads out of it. */
#ifndef VLT_AGENT_SAFE_OPEN_H
#define VLT_AGENT_SAFE_OPEN_H

#include <stdbool.h>

/* openat2() as if `root` (which may be O_PATH) were the root directory, or -errno; links are
 * followed, also the last unless flags has O_NOFOLLOW. Devices and FIFOs are not to be opened: give
 * O_DIRECTORY or O_PATH where it might be one. */
int safe_open_open(int root, const char *path, int flags);

/* Opens a directory for reading. With `fold` the case of ASCII letters does not matter, where
 * there is no name that is exactly so. */
int safe_open_directory(int root, const char *path, bool fold);

#endif
