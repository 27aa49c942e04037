/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "md-raid.h"
#include "agent/device/device-nodes.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/fs.h>
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
    if (result == 0)
        ioctl(fd, BLKRRPART); /* the kernel would look when it is opened the next time */
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

dev_t md_raid_partition(unsigned index, unsigned partition, char node[MD_RAID_NODE_MAX])
{
    char path[64];
    unsigned part_major, part_minor;
    snprintf(path, sizeof path, "/sys/block/md%u/md%up%u/dev", index, index, partition);
    AUTO_FILE FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%u:%u", &part_major, &part_minor) != 2)
        return 0;
    snprintf(node, MD_RAID_NODE_MAX, "/dev/array%up%u", index, partition);
    device_nodes_make(node, part_major, part_minor);
    return makedev(part_major, part_minor);
}

static int ascending(const void *a, const void *b)
{
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    return left < right ? -1 : left > right;
}

size_t md_raid_partitions(unsigned index, unsigned *numbers, size_t room)
{
    char path[64];
    unsigned array, partition;
    size_t count = 0;
    snprintf(path, sizeof path, "/sys/block/md%u", index);
    AUTO_DIR DIR *directory = opendir(path);
    if (!directory)
        return 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (count < room && sscanf(entry->d_name, "md%up%u", &array, &partition) == 2)
            numbers[count++] = partition;
    qsort(numbers, count, sizeof *numbers, ascending);
    return count;
}
