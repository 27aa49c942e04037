/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of one guest: its filesystems, mounted where they belong. One at a time. */
#ifndef VLT_AGENT_ASSEMBLY_H
#define VLT_AGENT_ASSEMBLY_H

#include "contents.h"
#include "plan.h"

typedef struct assembly assembly;

/* Borrows them all. NULL: no memory. */
assembly *assembly_new(devices *disks, modules *loaded, const struct graft_ops *ops, bool compose);

/* Puts it together: what args->mounts says, or else the operating system's root, and what its
 * fstab says. Every disk must be there. STATUS_OK, or why there is no tree: assembly_message().
 * With args->mounts everything must work; what cannot be mounted of fstab is a gap, and a note. */
enum status assembly_build(assembly *self, const struct ls_args *args);

const char *assembly_message(const assembly *self);
/* Its gaps and notes. */
const struct plan *assembly_plan(const assembly *self);
/* The notes are the caller's to clear from here on. */
struct notes assembly_take_notes(assembly *self);
const struct scan_times *assembly_times(const assembly *self);

/* The guest's root directory; -1: there is none. */
int assembly_root(const assembly *self);
/* The guest does not care for the case of names. */
bool assembly_folds(const assembly *self);
/* contents_device() */
uint64_t assembly_device(const assembly *self, uint64_t device);

/* contents_inodes(); `self` is an assembly. */
extinodes *assembly_inodes(void *self, dev_t device);

/* Unmounts it. No descriptor in it may be open but the root's. */
void assembly_clear(assembly *self);

#endif
