/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounted filesystems as descriptors, and a tree put together of them. */
#ifndef VLT_AGENT_DETACHED_MOUNTS_H
#define VLT_AGENT_DETACHED_MOUNTS_H

#include "mount.h"

/* What an appliance does; on a host nothing may be mounted, so tests have a stand-in. */
struct detached_mounts_ops {
    /* Mounts a volume read-only, with these options besides ("": none). Its topmost directory, or
     * -1, and *outcome says why. It is nowhere in the tree, and unmounted when the last
     * descriptor in it is closed. */
    int (*mount)(const char *node, int fd, const struct mount_type *how, const char *options,
                 struct mount_outcome *outcome);
    /* Makes what mount() gave the guest's root, or puts it over the directory `where` in it. The
     * descriptor stays the caller's. 0 or -errno. */
    int (*plant)(int mounted);
    int (*graft)(int mounted, int where);
    /* Takes the root away, and all that was put into it. No descriptor in it may be open. */
    void (*fell)(void);
    /* The volume is not mounted any more, or its mount failed. */
    void (*forget)(const char *node, const char *fstype);
};

extern const struct detached_mounts_ops detached_mounts_ops_kernel;
/* A volume NODE "is" the directory NODE.tree, with the option subvol=X that at X below it; nothing
 * can be put into it. */
extern const struct detached_mounts_ops detached_mounts_ops_pretend;

#endif
