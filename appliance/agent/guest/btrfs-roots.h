/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which subvolumes of a btrfs are the root of an operating system. */
#ifndef VLT_AGENT_BTRFS_ROOTS_H
#define VLT_AGENT_BTRFS_ROOTS_H

#include "detect-os.h"
#include <stddef.h>

#define SUBVOLUME_MAX 256

struct btrfs_root {
    enum root_kind kind;
    char path[SUBVOLUME_MAX]; /* from the topmost subvolume; "/": that one itself */
};

/* `top` is the topmost subvolume's directory. How many there are in *roots, at most `room`: that
 * one and those that distributions call so, or, where these are none, any that is not in another.
 */
size_t btrfs_roots_find(int top, struct btrfs_root *roots, size_t room);

#endif
