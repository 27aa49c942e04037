/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists a directory, or the tree below it, one item of listing.x after the other.
 *
 * Nothing is opened but directories, and regular files whose checksum is asked for; no symbolic
 * link is followed; every path has one component. Files of a hostile tree cost at most:
 *   - WALK_NAMES_MAX bytes for the names of the directories that the walk is in at the same time:
 *     some million short ones. A directory with more is reported as a problem and skipped;
 *   - LISTING_PATH bytes of path, and so at most LISTING_PATH / 2 directories in each other. A
 * directory in which a path might be longer is reported as a problem and skipped;
 *   - WALK_OPEN descriptors: a directory further up is opened again, by "..", when the walk returns
 * to it. A directory that contains itself (a corrupt filesystem) is reported as a problem and
 * skipped. */
#ifndef VLT_AGENT_WALK_H
#define VLT_AGENT_WALK_H

#include "agent/mount/device-inodes.h"
#include "wire/listing.h"
#include "wire/protocol.h"
#include <stdbool.h>

#define WALK_NAMES_MAX (64 * 1024 * 1024)
#define WALK_OPEN 32

/* The longest name that a filesystem gives: NAME_MAX bytes, or 255 UTF-16 units in UTF-8 (vfat,
 * ntfs); what FUSE lets through (FUSE_NAME_MAX). */
#define WALK_NAME 1024

/* Bytes that one call of walk_next() adds to a digest, at most. */
#define WALK_STRIDE (4 * 1024 * 1024)

typedef struct walk walk;

/* Returns the reader of inodes for a mounted filesystem (device-inodes.h); NULL: there is none. */
typedef device_inodes *(*walk_source)(void *owner, dev_t device);

struct walk_how {
    enum ls_order order;
    bool dots;   /* as in ls_args */
    bool at_top; /* the directory is the guest's root, its own ".." */
    enum ls_checksum checksum;
    const char *ntfs_at; /* where the guest has an NTFS (ntfs-link.h); NULL: nowhere */
    bool names_only;     /* an entry is only its path: files are not examined; without a checksum */
    walk_source source;  /* NULL: none */
    void *owner;
};

/* Takes over the descriptor of the directory, which is open for reading. NULL: no memory. */
walk *walk_new(int directory, const struct walk_how *how);
void walk_free(walk *self);

/* 1: an item, never a LISTING_DIRECTORY, valid until the next call; 0: the end; 2: a large file is
 * being read, call again. */
int walk_next(walk *self, struct listing_item *item);

#endif
