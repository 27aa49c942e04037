/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device_table_rescan(): what sysfs says, told to the table as if the kernel had announced it. */
#include "agent/util/sysfs.h"
#include "device-table.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define PARTITIONS_MAX 256 /* of one disk: DISK_MAX_PARTS of linux/genhd.h */

static bool read_number(int directory, const char *path, struct uevent *event)
{
    char text[32];
    return sysfs_read(directory, path, text, sizeof text) > 0 &&
           sscanf(text, "%u:%u", &event->major, &event->minor) == 2;
}

/* The partition that the entry of the disk's directory is, or 0. */
static unsigned read_partition(int directory, const char *name, struct uevent *event)
{
    char path[NAME_MAX + sizeof "/partition"];
    char text[16];
    snprintf(path, sizeof path, "%s/partition", name);
    if (sysfs_read(directory, path, text, sizeof text) <= 0)
        return 0;
    snprintf(path, sizeof path, "%s/dev", name);
    unsigned partition = (unsigned)strtoul(text, NULL, 10);
    return read_number(directory, path, event) ? partition : 0;
}

static void rescan_partitions(device_table *table, const struct uevent *disk, int directory)
{
    const unsigned *known;
    unsigned found[PARTITIONS_MAX], stale[PARTITIONS_MAX];
    size_t count = 0, stale_count = 0;
    struct uevent event = *disk;
    event.object = UEVENT_OF_PARTITION;
    AUTO_FD int again = dup(directory);
    AUTO_DIR DIR *below = again < 0 ? NULL : fdopendir(again);
    if (!below)
        return;
    steal_fd(&again); /* the stream's now */
    for (struct dirent *entry = readdir(below); entry; entry = readdir(below)) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        event.partition = read_partition(directory, entry->d_name, &event);
        if (event.partition == 0 || count == PARTITIONS_MAX)
            continue;
        device_table_event(table, &event);
        found[count++] = event.partition;
    }
    size_t known_count = device_table_partitions(table, disk->target, &known);
    for (size_t i = 0; i < known_count && stale_count < PARTITIONS_MAX; i++) {
        size_t j = 0;
        while (j < count && found[j] != known[i])
            j++;
        if (j == count)
            stale[stale_count++] = known[i];
    }
    event.action = UEVENT_REMOVE;
    for (size_t i = 0; i < stale_count; i++) {
        event.partition = stale[i];
        device_table_event(table, &event);
    }
}

/* Whether the kernel has finished the disk's partition scan. Opening the disk does what is left of
 * it (GD_NEED_PART_SCAN); before the block device can be opened (ENXIO) its events are still to
 * come. */
static bool settle(const device_table *table, unsigned target)
{
    char path[NODE_MAX];
    AUTO_FD int fd = open(device_table_node(table, target, 0, path), O_RDONLY | O_CLOEXEC);
    return fd >= 0 || (errno != ENXIO && errno != ENOENT);
}

/* `link` is /sys/block/NAME's: "../devices/…/H:C:T:L/block/NAME". */
static void rescan_disk(device_table *table, int block, const char *name, const char *link,
                        bool seen[TARGET_COUNT])
{
    struct uevent event = {.action = UEVENT_ADD, .devpath = link, .name = name};
    uevent_locate(link, &event);
    if (event.object != UEVENT_OF_DISK && event.object != UEVENT_OF_VOLUME)
        return;
    AUTO_FD int directory = openat(block, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || !read_number(directory, "dev", &event))
        return;
    if (event.object == UEVENT_OF_DISK)
        seen[event.target] = true;
    else if (!uevent_volume_name(name))
        return;
    device_table_event(table, &event);
    if (event.object == UEVENT_OF_VOLUME || !settle(table, event.target))
        return;
    rescan_partitions(table, &event, directory);
    event.object = UEVENT_OF_DEVICE;
    event.action = UEVENT_BIND;
    device_table_event(table, &event);
}

int device_table_rescan(device_table *table)
{
    char path[NODE_MAX];
    char link[NODE_MAX];
    bool seen[TARGET_COUNT] = {false};
    snprintf(path, sizeof path, "%s/block", device_table_sys(table));
    AUTO_DIR DIR *block = opendir(path);
    if (!block)
        return -errno;
    for (struct dirent *entry = readdir(block); entry; entry = readdir(block)) {
        ssize_t length = readlinkat(dirfd(block), entry->d_name, link, sizeof link - 1);
        if (length <= 2)
            continue;
        link[length] = '\0';
        if (strncmp(link, "../", 3) == 0)
            rescan_disk(table, dirfd(block), entry->d_name, link + 2, seen);
    }
    for (unsigned i = 0; i < TARGET_COUNT; i++) {
        struct uevent event = {.action = UEVENT_REMOVE, .object = UEVENT_OF_DEVICE, .target = i};
        if (!seen[i])
            device_table_event(table, &event);
    }
    return 0;
}
