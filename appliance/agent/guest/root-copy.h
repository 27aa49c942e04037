/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots and copies of a system's root beside it. */
#ifndef VLT_AGENT_ROOT_COPY_H
#define VLT_AGENT_ROOT_COPY_H

#include "crypttab.h"
#include "fstab.h"

/* Whether the fstab of a root that was found in a filesystem (of a btrfs: in that subvolume) has
 * another one for "/". */
bool root_copy_is(volume_table *all, const struct content *what, const char *subvolume,
                  const struct fstab *table, const char *crypttab, size_t length);

#endif
