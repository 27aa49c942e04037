/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of one guest: its filesystems, mounted where they belong. One at a time. */
#ifndef VLT_AGENT_GUEST_TREE_H
#define VLT_AGENT_GUEST_TREE_H

#include "agent/util/safe-open.h"
#include "agent/volume/volume-table.h"
#include "mount-plan.h"

typedef struct guest_tree guest_tree;

/* Borrows them all. NULL: no memory. */
guest_tree *guest_tree_new(device_table *disks, kernel_modules *loaded,
                           const struct detached_mounts_ops *ops, bool compose);

/* Builds the tree: by args->mounts, or else from the operating system's root and its fstab. Every
 * disk must be there. STATUS_OK, or why there is no tree: guest_tree_message(). With args->mounts
 * every mount must succeed; a failed mount of fstab becomes a gap, and a note. */
enum status guest_tree_build(guest_tree *self, const struct ls_args *args);

/* volume_table_watch() */
void guest_tree_watch(guest_tree *self, const struct replay_watch *watch);

/* What the guest needs and has not got here: then neither the tree nor its status counts. */
need guest_tree_needs(const guest_tree *self);

/* What is in the tree, but not as it should be; STATUS_OK: nothing. */
enum status guest_tree_complaint(const guest_tree *self, const char **message);

const char *guest_tree_message(const guest_tree *self);
/* Its gaps and notes. */
const struct mount_plan *guest_tree_plan(const guest_tree *self);
/* Hands over the notes: the caller clears them. */
struct log_lines guest_tree_take_notes(guest_tree *self);
const struct scan_times *guest_tree_times(const guest_tree *self);

/* The guest's root directory; -1: there is none. */
int guest_tree_root(const guest_tree *self);
/* Whether the guest ignores the case of names, and where it has an NTFS. Valid until
 * guest_tree_clear(). */
struct safe_open_how guest_tree_how(const guest_tree *self);
/* volume_table_device() */
uint64_t guest_tree_device(const guest_tree *self, uint64_t device);

/* volume_table_inodes(); `self` is a guest_tree. */
device_inodes *guest_tree_inodes(void *self, dev_t device);

/* Unmounts it. No descriptor in it may be open but the root's. */
void guest_tree_clear(guest_tree *self);

#endif
