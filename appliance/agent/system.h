/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filesystem of a guest is the root of its operating system. */
#ifndef VLT_AGENT_SYSTEM_H
#define VLT_AGENT_SYSTEM_H

#include "contents.h"
#include "notes.h"
#include "roots.h"

#define SUBVOLUME_MAX 256

struct system_root {
    enum root_kind kind;
    struct content *what;
    char subvolume[SUBVOLUME_MAX]; /* of a btrfs; "": the one that is mounted by default */
    int directory;                 /* the mounted filesystem; the caller closes it */
};

/* Mounts one after the other. STATUS_OK: there is one root, in *root. Otherwise *message says why,
 * with the filesystems that there are, and root->directory is -1. What could not be mounted has its
 * status changed, and a note. */
enum status system_find(contents *all, struct system_root *root, struct notes *notes, char *message,
                        size_t size);

/* "/dev/sda1 (ext4), /dev/sda2 (swap) …", as much as fits. */
void system_describe(const contents *all, char *text, size_t size);

#endif
