/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-table.h"
#include "agent/util/sysfs.h"
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sysmacros.h>

struct device {
    bool present; /* something has been announced at this target */
    bool ready;   /* … and all of it */
    bool named;
    unsigned replaced; /* disks that have taken the place of the first one */
    bool unread;       /* the last of them: its partitions */
    char label[MAX_SLOT_LABEL + 1];
    char *path;   /* of the SCSI device, relative to sys */
    dev_t number; /* of the disk; 0: not announced */
    unsigned *partitions;
    dev_t *numbers; /* of the partitions */
    size_t count;
    size_t room;
};

struct device_table {
    const char *sys;
    const char *dev;
    bool make_nodes;
    device_table_listener *read_events; /* NULL: there is none */
    void *listener;
    struct device device[TARGET_COUNT];
};

device_table *device_table_new(const char *sys, const char *dev, bool make_nodes)
{
    device_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->sys = sys;
    table->dev = dev;
    table->make_nodes = make_nodes;
    return table;
}

const char *device_table_sys(const device_table *table)
{
    return table->sys;
}

bool device_table_is_real(const device_table *table)
{
    return table->make_nodes;
}

void device_table_listen(device_table *table, device_table_listener *read_events, void *owner)
{
    table->read_events = read_events;
    table->listener = owner;
}

const char *device_table_node(const device_table *table, unsigned target, unsigned partition,
                              char buffer[NODE_MAX])
{
    return device_nodes_path(table->dev, target, partition, buffer);
}

/* ---- names ---- */

static void make_names(const device_table *table, unsigned target, unsigned partition, dev_t number)
{
    const struct device *device = &table->device[target];
    char path[NODE_MAX];
    if (table->make_nodes)
        device_nodes_make(device_table_node(table, target, partition, path), major(number),
                          minor(number));
    if (device->label[0])
        device_nodes_link(table->dev, device->label, target, partition);
}

static void remove_names(const device_table *table, unsigned target, unsigned partition)
{
    const struct device *device = &table->device[target];
    char path[NODE_MAX];
    if (device->label[0])
        device_nodes_unlink(table->dev, device->label, partition);
    if (table->make_nodes)
        unlink(device_table_node(table, target, partition, path));
}

void device_table_unname(device_table *table, unsigned target)
{
    struct device *device = &table->device[target];
    if (device->label[0]) {
        device_nodes_unlink(table->dev, device->label, 0);
        for (size_t i = 0; i < device->count; i++)
            device_nodes_unlink(table->dev, device->label, device->partitions[i]);
    }
    device->named = false;
    device->label[0] = '\0';
}

void device_table_name(device_table *table, unsigned target, const char *label)
{
    struct device *device = &table->device[target];
    device_table_unname(table, target);
    device->named = true;
    snprintf(device->label, sizeof device->label, "%s", label);
    if (!device->label[0])
        return;
    device_nodes_link(table->dev, device->label, target, 0);
    for (size_t i = 0; i < device->count; i++)
        device_nodes_link(table->dev, device->label, target, device->partitions[i]);
}

const char *device_table_label(const device_table *table, unsigned target)
{
    return table->device[target].named ? table->device[target].label : NULL;
}

int device_table_find(const device_table *table, const char *label)
{
    for (int i = 0; i < TARGET_COUNT; i++)
        if (table->device[i].named && strcmp(table->device[i].label, label) == 0)
            return i;
    return -1;
}

/* ---- events ---- */

static void make_room(struct device *device)
{
    if (device->count < device->room)
        return;
    size_t room = device->room ? device->room * 2 : 8;
    unsigned *partitions = reallocarray(device->partitions, room, sizeof *partitions);
    dev_t *numbers = reallocarray(device->numbers, room, sizeof *numbers);
    if (!partitions || !numbers)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    device->partitions = partitions;
    device->numbers = numbers;
    device->room = room;
}

static void add_partition(struct device *device, unsigned partition, dev_t number)
{
    size_t i = device->count;
    while (i > 0 && device->partitions[i - 1] >= partition)
        i--;
    if (i < device->count && device->partitions[i] == partition) {
        device->numbers[i] = number;
        return;
    }
    make_room(device);
    memmove(device->partitions + i + 1, device->partitions + i,
            (device->count - i) * sizeof *device->partitions);
    memmove(device->numbers + i + 1, device->numbers + i,
            (device->count - i) * sizeof *device->numbers);
    device->partitions[i] = partition;
    device->numbers[i] = number;
    device->count++;
}

static void drop_partition(struct device *device, unsigned partition)
{
    for (size_t i = 0; i < device->count; i++) {
        if (device->partitions[i] != partition)
            continue;
        device->count--;
        memmove(device->partitions + i, device->partitions + i + 1,
                (device->count - i) * sizeof *device->partitions);
        memmove(device->numbers + i, device->numbers + i + 1,
                (device->count - i) * sizeof *device->numbers);
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

static void disappear(device_table *table, unsigned target)
{
    struct device *device = &table->device[target];
    if (!device->present)
        return;
    for (size_t i = 0; i < device->count; i++)
        remove_names(table, target, device->partitions[i]);
    remove_names(table, target, 0);
    device->named = false;
    device->label[0] = '\0';
    device->count = 0;
    device->number = 0;
    device->replaced = 0;
    device->unread = false;
    device->present = device->ready = false;
}

static void device_event(device_table *table, const struct uevent *event)
{
    struct device *device = &table->device[event->target];
    if (event->action == UEVENT_ADD)
        appear(device, event->devpath, event->device_length);
    else if (event->action == UEVENT_BIND && device->present)
        device->ready = true;
    else if (event->action == UEVENT_REMOVE)
        disappear(table, event->target);
}

/* Of a disk, or of its partition. */
static void block_event(device_table *table, const struct uevent *event)
{
    struct device *device = &table->device[event->target];
    unsigned partition = event->object == UEVENT_OF_PARTITION ? event->partition : 0;
    if (event->action == UEVENT_ADD) {
        dev_t number = makedev(event->major, event->minor);
        appear(device, event->devpath, event->device_length);
        if (partition)
            add_partition(device, partition, number);
        else
            device->number = number;
        make_names(table, event->target, partition, number);
    } else if (event->action == UEVENT_REMOVE) {
        remove_names(table, event->target, partition);
        if (partition)
            drop_partition(device, partition);
        else
            device->ready = false; /* gone only when the SCSI device is: its `remove` follows */
    }
}

static void volume_event(const device_table *table, const struct uevent *event)
{
    char path[NODE_MAX];
    if (!table->make_nodes)
        return;
    snprintf(path, sizeof path, "%s/%s", table->dev, event->name);
    if (event->action == UEVENT_ADD)
        device_nodes_make(path, event->major, event->minor);
    else if (event->action == UEVENT_REMOVE)
        unlink(path);
}

void device_table_event(device_table *table, const struct uevent *event)
{
    if (event->object == UEVENT_OF_VOLUME)
        volume_event(table, event);
    else if (event->target >= TARGET_COUNT)
        return;
    else if (event->object == UEVENT_OF_DEVICE)
        device_event(table, event);
    else if (event->object == UEVENT_OF_DISK || event->object == UEVENT_OF_PARTITION)
        block_event(table, event);
}

/* ---- questions ---- */

bool device_table_ready(const device_table *table, unsigned target)
{
    return table->device[target].ready;
}

bool device_table_absent(const device_table *table, unsigned target)
{
    return !table->device[target].present;
}

size_t device_table_partitions(const device_table *table, unsigned target, const unsigned **numbers)
{
    *numbers = table->device[target].partitions;
    return table->device[target].count;
}

dev_t device_table_number(const device_table *table, unsigned target, unsigned partition)
{
    const struct device *device = &table->device[target];
    if (partition == 0)
        return device->number;
    for (size_t i = 0; i < device->count; i++)
        if (device->partitions[i] == partition)
            return device->numbers[i];
    return 0;
}

int device_table_serial(const device_table *table, unsigned target, char *serial, size_t size)
{
    char path[NODE_MAX], text[64];
    const struct device *device = &table->device[target];
    if (!device->path)
        return -ENODEV;
    snprintf(path, sizeof path, "%s%s/rev", table->sys, device->path);
    int length = sysfs_read(AT_FDCWD, path, text, sizeof text);
    if (length > (int)size)
        return -EMSGSIZE;
    if (length > 0)
        memcpy(serial, text, (size_t)length);
    return length;
}

int device_table_size(const device_table *table, unsigned target, uint64_t *size)
{
    char path[NODE_MAX], text[32];
    dev_t number = table->device[target].number;
    snprintf(path, sizeof path, "%s/dev/block/%u:%u/size", table->sys, major(number),
             minor(number));
    int length = sysfs_read(AT_FDCWD, path, text, sizeof text);
    if (length < 0)
        return length;
    *size = strtoull(text, NULL, 10) * 512; /* sysfs counts so, whatever the disk's blocks are */
    return 0;
}

unsigned device_table_replaced(const device_table *table, unsigned target)
{
    return table->device[target].replaced;
}

void device_table_read_events(device_table *table)
{
    if (table->read_events)
        table->read_events(table->listener);
}

void device_table_note_replaced(device_table *table, unsigned target, unsigned number)
{
    table->device[target].replaced = number;
    table->device[target].unread = true;
}

bool device_table_partitions_read(const device_table *table, unsigned target)
{
    return !table->device[target].unread;
}

void device_table_note_partitions_read(device_table *table, unsigned target, bool read)
{
    table->device[target].unread = !read;
    device_table_read_events(table);
}

const char *device_table_rescan_path(const device_table *table, unsigned target,
                                     char buffer[NODE_MAX])
{
    const char *path = table->device[target].path;
    snprintf(buffer, NODE_MAX, "%s%s/rescan", table->sys, path ? path : "");
    return buffer;
}

static bool refuse(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(char *why, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, room, format, arguments);
    va_end(arguments);
    return false;
}

static bool same_serial(const device_table *table, const struct disk *disk, char *why, size_t room)
{
    char serial[MAX_SERIAL];
    int length = device_table_serial(table, disk->slot, serial, sizeof serial);
    if (length < 0)
        return refuse(why, room, "slot %u: serial: %s", disk->slot, strerror(-length));
    if ((u_int)length != disk->serial.serial_len ||
        memcmp(serial, disk->serial.serial_val, (size_t)length) != 0)
        return refuse(why, room, "slot %u has the serial \"%.*s\" where \"%.*s\" was announced",
                      disk->slot, length, serial, (int)disk->serial.serial_len,
                      disk->serial.serial_val);
    return true;
}

bool device_table_match(const device_table *table, const struct disk *disk, uint64_t size,
                        char *why, size_t room)
{
    if (disk->size != 0 && size != disk->size)
        return refuse(why, room, "slot %u has %llu bytes where %llu were announced", disk->slot,
                      (unsigned long long)size, (unsigned long long)disk->size);
    return disk->serial.serial_len == 0 || same_serial(table, disk, why, room);
}

bool device_table_resized(const device_table *table, const struct disk *disk, uint64_t size)
{
    char why[128];
    return size != disk->size && disk->serial.serial_len > 0 &&
           same_serial(table, disk, why, sizeof why);
}

bool device_table_valid(const struct disk *disks, unsigned count)
{
    bool taken[SLOT_COUNT] = {false};
    for (unsigned i = 0; i < count; i++) {
        if (disks[i].slot >= SLOT_COUNT || taken[disks[i].slot])
            return false;
        taken[disks[i].slot] = true;
    }
    return true;
}
