/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cow-overlay.h"
#include "agent/device/device-nodes.h"
#include "base/cleanup.h"
#include "device-mapper.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Documentation/admin-guide/devices.txt. Opening a RAM disk that is not there makes it, of the size
 * that appliance/debian/modules says (brd, rd_size); its memory is taken when it is written. */
#define RAM_MAJOR 1

/* Sectors that are copied together: the page size. */
#define CHUNK 8

static int open_ram(unsigned index)
{
    char path[COW_OVERLAY_NODE_MAX];
    snprintf(path, sizeof path, "/dev/ram%u", index);
    if (mknod(path, S_IFBLK | 0600, makedev(RAM_MAJOR, index)) < 0 && errno != EEXIST)
        return -errno;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cow_overlay_make(unsigned index, dev_t origin, uint64_t size, char node[COW_OVERLAY_NODE_MAX],
                     dev_t *number)
{
    char name[32], parameters[128];
    AUTO_FD int ram = open_ram(index);
    if (ram < 0)
        return ram;
    snprintf(name, sizeof name, "overlay%u", index);
    /* N: the exceptions are kept in memory only. */
    snprintf(parameters, sizeof parameters, "%u:%u %d:%u N %d", major(origin), minor(origin),
             RAM_MAJOR, index, CHUNK);
    const struct device_mapper_part part = {size / 512, "snapshot", parameters};
    int result = device_mapper_create(name, false, &part, 1, number);
    if (result < 0)
        return result;
    snprintf(node, COW_OVERLAY_NODE_MAX, "/dev/mapper/%s", name);
    device_nodes_make(node, major(*number), minor(*number));
    return 0;
}
