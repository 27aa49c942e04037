/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filesystem of a guest is the root of its operating system. */
#ifndef VLT_AGENT_FIND_ROOT_H
#define VLT_AGENT_FIND_ROOT_H

#include "agent/util/log-lines.h"
#include "agent/volume/volume-table.h"
#include "btrfs-roots.h"
#include "detect-os.h"
#include "ostree-deployment.h"

struct find_root_root {
    enum root_kind kind;
    struct content *what;
    char subvolume[SUBVOLUME_MAX];       /* of a btrfs; "": its default subvolume */
    int directory;                       /* the mounted filesystem; the caller closes it */
    struct ostree_deployment deployment; /* of ROOT_OSTREE: what it boots */
    struct content *boot; /* … the filesystem that said so, if another one; NULL: none */
};

/* Mounts one filesystem after the other. STATUS_OK: there is exactly one root, in *root. Otherwise
 * *message gives the reason and lists the filesystems, and root->directory is -1. A filesystem that
 * could not be mounted gets a status and a note. */
enum status find_root_find(volume_table *all, struct find_root_root *root, struct log_lines *notes,
                           char *message, size_t size);

/* "/dev/sda1 (ext4), /dev/sda2 (swap) …", as much as fits. */
void find_root_describe(const volume_table *all, char *text, size_t size);

#endif
