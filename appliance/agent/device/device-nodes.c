/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-nodes.h"
#include "base/drive-name.h"
#include "wire/protocol.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const char *device_nodes_path(const char *dev, unsigned target, unsigned partition,
                              char buffer[NODE_MAX])
{
    char name[DRIVE_NAME_MAX];
    const char *base = target == ROOT_DRIVE_TARGET ? "rootdrive" : drive_name(target, name);
    if (partition == 0)
        snprintf(buffer, NODE_MAX, "%s/%s", dev, base);
    else
        snprintf(buffer, NODE_MAX, "%s/%s%u", dev, base, partition);
    return buffer;
}

void device_nodes_make(const char *path, unsigned major, unsigned minor)
{
    dev_t number = makedev(major, minor);
    if (mknod(path, S_IFBLK | 0600, number) == 0 || errno != EEXIST)
        return; /* without a node, opening it says what is wrong */
    /* A left-over of a removal that we were not told about. */
    unlink(path);
    mknod(path, S_IFBLK | 0600, number);
}

static void link_path(const char *dev, const char *label, unsigned partition, char path[NODE_MAX])
{
    if (partition == 0)
        snprintf(path, NODE_MAX, "%s/disk/guestfs/%s", dev, label);
    else
        snprintf(path, NODE_MAX, "%s/disk/guestfs/%s%u", dev, label, partition);
}

void device_nodes_link(const char *dev, const char *label, unsigned target, unsigned partition)
{
    char path[NODE_MAX], node[NODE_MAX];
    snprintf(path, sizeof path, "%s/disk", dev);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/disk/guestfs", dev);
    mkdir(path, 0755);
    link_path(dev, label, partition, path);
    unlink(path);
    if (symlink(device_nodes_path("../..", target, partition, node), path) < 0)
        fprintf(stderr, "agent: %s: cannot make it\n", path);
}

void device_nodes_unlink(const char *dev, const char *label, unsigned partition)
{
    char path[NODE_MAX];
    link_path(dev, label, partition, path);
    unlink(path);
}
