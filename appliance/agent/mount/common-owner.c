/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common-owner.h"
#include <fcntl.h>
#include <sys/stat.h>

bool common_owner_learn(struct common_owner *self, int directory, const char *name)
{
    struct statx status;
    if (self->known)
        return true;
    if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) <
            0 ||
        !S_ISREG(status.stx_mode))
        return false;
    self->permissions = status.stx_mode & 07777;
    self->uid = status.stx_uid;
    self->gid = status.stx_gid;
    self->known = true;
    return true;
}
