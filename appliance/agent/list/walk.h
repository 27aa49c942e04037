/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in a directory, or below it, one item of listing.x after the other.
 *
 * Nothing is opened but directories, and regular files whose checksum is asked for; no symbolic
 * link is followed; every path has one component. Files of a hostile tree cost at most:
 *   - WALK_NAMES_MAX bytes for the names of the directories that the walk is in at the same time:
 *     some million short ones. A directory with more is a problem, and not looked into;
 *   - LISTING_PATH bytes of path, and so at most LISTING_PATH / 2 directories in each other. A
 *     directory in which a path might be longer is a problem, and not looked into;
 *   - WALK_OPEN descriptors: a directory further up is opened again, by "..", when it is its turn.
 * A directory that is in itself (a corrupt filesystem) is a problem, and not looked into. */
#ifndef VLT_AGENT_WALK_H
#define VLT_AGENT_WALK_H

#include "agent/mount/ext4-inodes.h"
#include "wire/listing.h"
#include "wire/protocol.h"
#include <stdbool.h>

#define WALK_NAMES_MAX (64 * 1024 * 1024)
#define WALK_OPEN 32

/* The longest name that a filesystem gives: NAME_MAX bytes, or 255 UTF-16 units in UTF-8 (vfat,
 * ntfs); what FUSE lets through (FUSE_NAME_MAX). */
#define WALK_NAME 1024

/* A digest goes on for so many bytes at a time. */
#define WALK_STRIDE (4 * 1024 * 1024)

typedef struct walk walk;

/* Who knows a file by its inode's number, without the kernel (ext4-inodes.h); NULL: nobody does. */
typedef ext4_inodes *(*walk_source)(void *owner, dev_t device);

struct walk_how {
    enum ls_order order;
    bool dots;   /* as in ls_args */
    bool at_top; /* the directory is the guest's root: ".." is itself */
    enum ls_checksum checksum;
    bool names_only;    /* an entry is its path: no file is asked about; without a checksum */
    walk_source source; /* NULL: none */
    void *owner;
};

/* Takes over the descriptor of the directory, which is open for reading. NULL: no memory. */
walk *walk_new(int directory, const struct walk_how *how);
void walk_free(walk *self);

/* 1: an item, never a LISTING_DIRECTORY, which is the walk's until the next call; 0: that was all;
 * 2: a large file is being read, ask again. */
int walk_next(walk *self, struct listing_item *item);

#endif
