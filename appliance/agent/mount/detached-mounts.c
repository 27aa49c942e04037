/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detached-mounts.h"
#include "btrfs.h"
#include "mount-options.h"
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* The guest's root. */
#define GUEST_POINT "/run/guest"

static int fail(struct mount_outcome *outcome, enum status status, const char *what, int errnum)
{
    outcome->mounted = false;
    outcome->status = status;
    snprintf(outcome->message, sizeof outcome->message, "%s: %s", what, strerror(errnum));
    return -1;
}

/* Clones the mount and unmounts MOUNT_POINT: only the returned descriptor keeps it mounted. */
static int mount_by_kernel(const char *node, const struct mount_type *how,
                           enum mount_journal journal, const char *options,
                           struct mount_outcome *outcome)
{
    if (!mount_volume(node, how, journal, options, outcome))
        return -1;
    outcome->mounted = true;
    int copy = open_tree(AT_FDCWD, MOUNT_POINT, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int errnum = errno;
    umount2(MOUNT_POINT, MNT_DETACH | UMOUNT_NOFOLLOW);
    return copy < 0 ? fail(outcome, STATUS_CRASHED, "open_tree", errnum) : copy;
}

static int plant_by_kernel(int mounted)
{
    if (mkdir(GUEST_POINT, 0700) < 0 && errno != EEXIST)
        return -errno;
    return move_mount(mounted, "", AT_FDCWD, GUEST_POINT, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int graft_by_kernel(int mounted, int where)
{
    int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    return move_mount(mounted, "", where, "", flags) < 0 ? -errno : 0;
}

static int bind_by_kernel(int directory)
{
    int copy = open_tree(directory, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return copy < 0 ? -errno : copy;
}

/* Detached, a tree goes with all that is mounted in it, and at once where nothing is open. */
static void fell_by_kernel(void)
{
    umount2(GUEST_POINT, MNT_DETACH | UMOUNT_NOFOLLOW);
}

static void forget_by_kernel(const char *node, const char *fstype)
{
    if (strcmp(fstype, "btrfs") == 0)
        btrfs_forget(node);
}

static int mount_by_pretending(const char *node, const struct mount_type *how,
                               enum mount_journal journal, const char *options,
                               struct mount_outcome *outcome)
{
    char path[4096], below[1024] = "";
    (void)how;
    (void)journal;
    memset(outcome, 0, offsetof(struct mount_outcome, message) + 1);
    mount_options_value(options, "subvol", below, sizeof below);
    snprintf(path, sizeof path, "%s.tree/%s", node, below);
    int mounted = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    outcome->mounted = mounted >= 0;
    return mounted < 0 ? fail(outcome, STATUS_CORRUPT, "mount", errno) : mounted;
}

static int plant_by_pretending(int mounted)
{
    (void)mounted;
    return 0;
}

static int graft_by_pretending(int mounted, int where)
{
    (void)mounted;
    (void)where;
    return -EPERM;
}

static int bind_by_pretending(int directory)
{
    int copy = openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return copy < 0 ? -errno : copy;
}

static void fell_by_pretending(void)
{
}

static void forget_by_pretending(const char *node, const char *fstype)
{
    (void)node;
    (void)fstype;
}

const struct detached_mounts_ops detached_mounts_ops_kernel = {mount_by_kernel, plant_by_kernel,
                                                               graft_by_kernel, bind_by_kernel,
                                                               fell_by_kernel,  forget_by_kernel};
const struct detached_mounts_ops detached_mounts_ops_pretend = {
    mount_by_pretending, plant_by_pretending, graft_by_pretending,
    bind_by_pretending,  fell_by_pretending,  forget_by_pretending};
