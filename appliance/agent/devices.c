/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "devices.h"
#include "slots.h"
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct device {
    bool present; /* something has been announced at this target */
    bool ready;   /* … and all of it */
    bool seen;    /* by the rescan under way */
    char *path;   /* of the SCSI device, relative to sys */
    unsigned *partitions;
    size_t count;
    size_t room;
};

struct devices {
    const char *sys;
    const char *dev;
    bool make_nodes;
    struct device device[TARGET_COUNT];
};

devices *devices_new(const char *sys, const char *dev, bool make_nodes)
{
    devices *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->sys = sys;
    table->dev = dev;
    table->make_nodes = make_nodes;
    return table;
}

void devices_free(devices *table)
{
    if (!table)
        return;
    for (unsigned i = 0; i < TARGET_COUNT; i++) {
        free(table->device[i].path);
        free(table->device[i].partitions);
    }
    free(table);
}

const char *devices_node(const devices *table, unsigned target, unsigned partition,
                         char buffer[NODE_MAX])
{
    char name[DRIVE_NAME_MAX];
    const char *base = target == ROOT_DRIVE_TARGET ? "rootdrive" : drive_name(target, name);
    if (partition == 0)
        snprintf(buffer, NODE_MAX, "%s/%s", table->dev, base);
    else
        snprintf(buffer, NODE_MAX, "%s/%s%u", table->dev, base, partition);
    return buffer;
}

static void make_node(const devices *table, unsigned target, unsigned partition, unsigned major,
                      unsigned minor)
{
    char path[NODE_MAX];
    if (!table->make_nodes)
        return;
    devices_node(table, target, partition, path);
    dev_t number = makedev(major, minor);
    if (mknod(path, S_IFBLK | 0600, number) == 0 || errno != EEXIST)
        return; /* without a node, opening it says what is wrong */
    /* A left-over of a removal that we were not told about. */
    unlink(path);
    mknod(path, S_IFBLK | 0600, number);
}

static void remove_node(const devices *table, unsigned target, unsigned partition)
{
    char path[NODE_MAX];
    if (table->make_nodes)
        unlink(devices_node(table, target, partition, path));
}

static void add_partition(struct device *device, unsigned number)
{
    size_t i = device->count;
    while (i > 0 && device->partitions[i - 1] >= number)
        i--;
    if (i < device->count && device->partitions[i] == number)
        return;
    if (device->count == device->room) {
        size_t room = device->room ? device->room * 2 : 8;
        unsigned *larger = reallocarray(device->partitions, room, sizeof *larger);
        if (!larger)
            abort(); /* an appliance without memory is of no use; the host sees it end */
        device->partitions = larger;
        device->room = room;
    }
    memmove(device->partitions + i + 1, device->partitions + i,
            (device->count - i) * sizeof *device->partitions);
    device->partitions[i] = number;
    device->count++;
}

static void drop_partition(struct device *device, unsigned number)
{
    for (size_t i = 0; i < device->count; i++) {
        if (device->partitions[i] != number)
            continue;
        memmove(device->partitions + i, device->partitions + i + 1,
                (device->count - i - 1) * sizeof *device->partitions);
        device->count--;
        return;
    }
}

static void appear(struct device *device, const char *devpath, size_t length)
{
    device->present = true;
    if (device->path && strncmp(device->path, devpath, length) == 0 && !device->path[length])
        return;
    free(device->path);
    device->path = strndup(devpath, length);
    if (!device->path)
        abort();
}

static void disappear(devices *table, unsigned target)
{
    struct device *device = &table->device[target];
    if (!device->present)
        return;
    for (size_t i = 0; i < device->count; i++)
        remove_node(table, target, device->partitions[i]);
    remove_node(table, target, 0);
    device->count = 0;
    device->present = device->ready = false;
}

static void device_event(devices *table, const struct uevent *event)
{
    struct device *device = &table->device[event->target];
    if (event->action == ACTION_ADD)
        appear(device, event->devpath, event->device_length);
    else if (event->action == ACTION_BIND && device->present)
        device->ready = true;
    else if (event->action == ACTION_REMOVE)
        disappear(table, event->target);
}

void devices_event(devices *table, const struct uevent *event)
{
    struct device *device = &table->device[event->target % TARGET_COUNT];
    unsigned partition = event->object == OBJECT_PARTITION ? event->partition : 0;
    if (event->object == OBJECT_DEVICE) {
        device_event(table, event);
        return;
    }
    if (event->object != OBJECT_DISK && event->object != OBJECT_PARTITION)
        return;
    if (event->action == ACTION_ADD) {
        appear(device, event->devpath, event->device_length);
        make_node(table, event->target, partition, event->major, event->minor);
        if (partition)
            add_partition(device, partition);
    } else if (event->action == ACTION_REMOVE) {
        remove_node(table, event->target, partition);
        if (partition)
            drop_partition(device, partition);
        else
            device->ready = false; /* gone only when the SCSI device is: its `remove` follows */
    }
}

bool devices_ready(const devices *table, unsigned target)
{
    return table->device[target].ready;
}

bool devices_absent(const devices *table, unsigned target)
{
    return !table->device[target].present;
}

size_t devices_partitions(const devices *table, unsigned target, const unsigned **numbers)
{
    *numbers = table->device[target].partitions;
    return table->device[target].count;
}

/* A small file whole: its length or -errno. */
static int read_small(int directory, const char *path, char *buffer, size_t size)
{
    AUTO_FD int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t count = read(fd, buffer, size);
    return count < 0 ? -errno : (int)count;
}

int devices_serial(const devices *table, unsigned target, char *serial, size_t size)
{
    char path[NODE_MAX], text[64];
    const struct device *device = &table->device[target];
    if (!device->path)
        return -ENODEV;
    snprintf(path, sizeof path, "%s%s/rev", table->sys, device->path);
    int count = read_small(AT_FDCWD, path, text, sizeof text);
    if (count < 0)
        return count;
    /* The field is padded with spaces, and sysfs ends it with a newline. */
    size_t length = (size_t)count;
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\n'))
        length--;
    if (length > size)
        return -EMSGSIZE;
    memcpy(serial, text, length);
    return (int)length;
}

/* ---- the rescan ---- */

static bool read_number(int directory, const char *path, dev_t *device)
{
    char text[32];
    unsigned major, minor;
    int count = read_small(directory, path, text, sizeof text - 1);
    if (count <= 0)
        return false;
    text[count] = '\0';
    if (sscanf(text, "%u:%u", &major, &minor) != 2)
        return false;
    *device = makedev(major, minor);
    return true;
}

static void rescan_partitions(devices *table, unsigned target, int directory)
{
    char text[16];
    AUTO_FD int again = dup(directory);
    AUTO_DIR DIR *below = again < 0 ? NULL : fdopendir(again);
    table->device[target].count = 0;
    if (!below)
        return;
    steal_fd(&again); /* the stream's now */
    for (struct dirent *entry = readdir(below); entry; entry = readdir(below)) {
        char path[sizeof entry->d_name + sizeof "/partition"];
        dev_t number;
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/partition", entry->d_name);
        int count = read_small(directory, path, text, sizeof text - 1);
        if (count <= 0)
            continue;
        text[count] = '\0';
        snprintf(path, sizeof path, "%s/dev", entry->d_name);
        unsigned partition = (unsigned)strtoul(text, NULL, 10);
        if (partition == 0 || !read_number(directory, path, &number))
            continue;
        make_node(table, target, partition, major(number), minor(number));
        add_partition(&table->device[target], partition);
    }
}

/* Whether the kernel has finished the disk's partition scan. Opening the disk does what is left of
 * it (GD_NEED_PART_SCAN); before the block device can be opened (ENXIO) its events are still to
 * come. */
static bool settle(const devices *table, unsigned target)
{
    char path[NODE_MAX];
    AUTO_FD int fd = open(devices_node(table, target, 0, path), O_RDONLY | O_CLOEXEC);
    return fd >= 0 || (errno != ENXIO && errno != ENOENT);
}

/* `link` is /sys/block/NAME's: "../devices/…/H:C:T:L/block/NAME". */
static void rescan_disk(devices *table, int block, const char *name, const char *link)
{
    struct uevent event = {.action = ACTION_ADD};
    dev_t number;
    uevent_locate(link, &event);
    if (event.object != OBJECT_DISK)
        return;
    AUTO_FD int directory = openat(block, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || !read_number(directory, "dev", &number))
        return;
    struct device *device = &table->device[event.target];
    device->seen = true;
    appear(device, link, event.device_length);
    make_node(table, event.target, 0, major(number), minor(number));
    if (!settle(table, event.target))
        return;
    rescan_partitions(table, event.target, directory);
    device->ready = true;
}

int devices_rescan(devices *table)
{
    char path[NODE_MAX];
    char link[NODE_MAX];
    snprintf(path, sizeof path, "%s/block", table->sys);
    AUTO_DIR DIR *block = opendir(path);
    if (!block)
        return -errno;
    for (unsigned i = 0; i < TARGET_COUNT; i++)
        table->device[i].seen = false;
    for (struct dirent *entry = readdir(block); entry; entry = readdir(block)) {
        ssize_t length = readlinkat(dirfd(block), entry->d_name, link, sizeof link - 1);
        if (length <= 2)
            continue;
        link[length] = '\0';
        if (strncmp(link, "../", 3) == 0)
            rescan_disk(table, dirfd(block), entry->d_name, link + 2);
    }
    for (unsigned i = 0; i < TARGET_COUNT; i++)
        if (!table->device[i].seen)
            disappear(table, i);
    return 0;
}
