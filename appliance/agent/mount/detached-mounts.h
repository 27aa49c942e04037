/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounted filesystems as descriptors, and a tree made of them. */
#ifndef VLT_AGENT_DETACHED_MOUNTS_H
#define VLT_AGENT_DETACHED_MOUNTS_H

#include "mount.h"

/* Operations of the appliance; on a host nothing may be mounted, so tests have a stand-in. */
struct detached_mounts_ops {
    /* Mounts a volume read-only, with additional options ("": none). Returns its topmost directory,
     * or -1 and the reason in *outcome. It is in no tree, and is unmounted when the last descriptor
     * in it is closed. */
    int (*mount)(const char *node, const struct mount_type *how, enum mount_journal journal,
                 const char *options, struct mount_outcome *outcome);
    /* Makes a filesystem of mount() the guest's root, or mounts it over the directory `where` in
     * that. The descriptor stays the caller's. 0 or -errno. */
    int (*plant)(int mounted);
    int (*graft)(int mounted, int where);
    /* What is below a directory in the guest's root, mounted as a descriptor once more; it outlives
     * fell(). Or -errno. */
    int (*bind)(int directory);
    /* Unmounts the root and everything in it. No descriptor in it may be open. */
    void (*fell)(void);
    /* The volume is not mounted any more, or its mount failed. */
    void (*forget)(const char *node, const char *fstype);
};

extern const struct detached_mounts_ops detached_mounts_ops_kernel;
/* Pretends that the volume NODE is the directory NODE.tree; with the option subvol=X the directory
 * X below it. Nothing can be mounted into it. */
extern const struct detached_mounts_ops detached_mounts_ops_pretend;

#endif
