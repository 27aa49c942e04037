/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "btrfs.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

/* One a profile of data, metadata and system; there are 10 profiles (linux/btrfs_tree.h). */
#define MAX_SPACES 64

uint64_t btrfs_free_data(const char *path)
{
    union {
        struct btrfs_ioctl_space_args args;
        char room[sizeof(struct btrfs_ioctl_space_args) +
                  MAX_SPACES * sizeof(struct btrfs_ioctl_space_info)];
    } spaces = {.args = {.space_slots = MAX_SPACES}};
    uint64_t free_bytes = 0;
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, BTRFS_IOC_SPACE_INFO, &spaces) < 0)
        return 0;
    for (uint64_t i = 0; i < spaces.args.total_spaces && i < MAX_SPACES; i++) {
        const struct btrfs_ioctl_space_info *space = &spaces.args.spaces[i];
        if ((space->flags & BTRFS_BLOCK_GROUP_DATA) && space->used_bytes < space->total_bytes)
            free_bytes += space->total_bytes - space->used_bytes;
    }
    return free_bytes;
}

static void tell(const char *node, unsigned long what)
{
    struct btrfs_ioctl_vol_args arguments = {0};
    AUTO_FD int control = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
    if (control < 0)
        return;
    snprintf(arguments.name, sizeof arguments.name, "%s", node);
    ioctl(control, what, &arguments);
}

void btrfs_introduce(const char *node)
{
    tell(node, BTRFS_IOC_SCAN_DEV);
}

void btrfs_forget(const char *node)
{
    tell(node, BTRFS_IOC_FORGET_DEV);
}
