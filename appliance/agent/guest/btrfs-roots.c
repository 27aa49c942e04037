/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "btrfs-roots.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* linux/btrfs_tree.h: the topmost directory of every subvolume. */
#define BTRFS_TOP_INODE 256

static size_t try_path(int top, const char *path, struct btrfs_root *root)
{
    AUTO_FD int directory = safe_open_open(top, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (directory < 0 || strchr(path, ',') || strlen(path) >= SUBVOLUME_MAX)
        return 0;
    root->kind = detect_os(directory, "btrfs");
    snprintf(root->path, sizeof root->path, "%s", path);
    return root->kind == ROOT_NONE ? 0 : 1;
}

static size_t try_all(int top, struct btrfs_root *roots, size_t room)
{
    struct stat status;
    size_t count = 0;
    AUTO_FD int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_DIR DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries)
        return 0;
    steal_fd(&fd); /* the stream's now */
    for (struct dirent *entry = readdir(entries); entry && count < room; entry = readdir(entries))
        if (entry->d_name[0] != '.' &&
            fstatat(top, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(status.st_mode) && status.st_ino == BTRFS_TOP_INODE)
            count += try_path(top, entry->d_name, &roots[count]);
    return count;
}

size_t btrfs_roots_find(int top, struct btrfs_root *roots, size_t room)
{
    /* Ubuntu and Arch, Fedora, Debian; SUSE before its first snapshot. */
    static const char *const known[] = {"@", "root", "@rootfs", "@root", "@/.snapshots/1/snapshot"};
    size_t count = try_path(top, "/", roots);
    for (size_t i = 0; i < sizeof known / sizeof *known && count < room; i++)
        count += try_path(top, known[i], &roots[count]);
    return count > 0 ? count : try_all(top, roots, room);
}
