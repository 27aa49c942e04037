/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "md-raid.h"
#include "agent/device/device-nodes.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

/* Opening the node makes the array, without members. */
static int open_array(unsigned index, char node[MD_RAID_NODE_MAX])
{
    snprintf(node, MD_RAID_NODE_MAX, "/dev/array%u", index);
    device_nodes_make(node, MD_MAJOR, index);
    int fd = open(node, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* An array info with nothing but the version says: read the superblocks. */
static int set_version(int fd, const char *version)
{
    mdu_array_info_t info;
    memset(&info, 0, sizeof info);
    if (sscanf(version, "%d.%d", &info.major_version, &info.minor_version) != 2)
        return -EINVAL;
    return ioctl(fd, SET_ARRAY_INFO, &info) < 0 ? -errno : 0;
}

static int add_member(int fd, dev_t member)
{
    mdu_disk_info_t disk;
    memset(&disk, 0, sizeof disk);
    disk.major = (int)major(member);
    disk.minor = (int)minor(member);
    return ioctl(fd, ADD_NEW_DISK, &disk) < 0 ? -errno : 0;
}

int md_raid_start(unsigned index, const char *version, const dev_t *members, size_t count,
                  char node[MD_RAID_NODE_MAX], dev_t *number)
{
    size_t added = 0;
    AUTO_FD int fd = open_array(index, node);
    int result = fd < 0 ? fd : set_version(fd, version);
    if (result < 0)
        return result;
    for (size_t i = 0; i < count; i++) {
        int one = add_member(fd, members[i]);
        added += one == 0;
        if (one < 0 && result == 0)
            result = one;
    }
    /* One whose superblock is not that of the others counts as missing. */
    if (added > 0)
        result = ioctl(fd, RUN_ARRAY, NULL) < 0 ? -errno : 0;
    *number = makedev(MD_MAJOR, index);
    if (result < 0)
        ioctl(fd, STOP_ARRAY, NULL);
    return result;
}

bool md_raid_stop(unsigned index)
{
    char node[MD_RAID_NODE_MAX];
    snprintf(node, sizeof node, "/dev/array%u", index);
    AUTO_FD int fd = open(node, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT && errno != ENXIO && errno != ENODEV)
        return false;
    if (fd >= 0 && ioctl(fd, STOP_ARRAY, NULL) < 0 && errno == EBUSY)
        return false;
    unlink(node);
    return true;
}
