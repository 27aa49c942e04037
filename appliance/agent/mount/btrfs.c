/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "btrfs.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>

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
