/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The owner and permissions that all files have where the filesystem stores none, as vfat and NTFS:
 * they come from the options of the mount. So they are asked of the kernel, of one file. */
#ifndef VLT_AGENT_COMMON_OWNER_H
#define VLT_AGENT_COMMON_OWNER_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: not known yet. */
struct common_owner {
    bool known;
    uint16_t permissions; /* of a regular file */
    uint32_t uid, gid;
};

/* Asks about that regular file of the open directory, if nothing is known yet. Whether it is known
 * now. */
bool common_owner_learn(struct common_owner *self, int directory, const char *name);

#endif
