/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partitions.h"
#include "agent/device/device-nodes.h"
#include "agent/device/replaced-disk.h"
#include "agent/mount/partition-table.h"
#include "agent/mount/volume-size.h"
#include "base/cleanup.h"
#include "base/drive-name.h"
#include "device-mapper.h"
#include "ldm-detect.h"
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

/* A table in a volume in a partition of a table in a volume. */
#define LEVEL_MAX 2

/* What has a table, while its partitions are added: those move what volume_table_at() gives. */
struct holder {
    volume_table *all;
    enum volume_kind kind; /* of its partitions */
    unsigned disk, slot;
    unsigned level;
    char name[CONTENT_NAME_MAX]; /* of the partitions, but for their numbers */
    dev_t number;
    uint64_t size;
    bool made; /* a device of the mapper's */
};

static bool is_unknown(const struct content *what)
{
    return what->kind == CONTENT_UNKNOWN && what->status == STATUS_OK;
}

/* ---- one partition ---- */

/* A device for what the kernel has made no partition of. 0, `node` and *number, or -errno. */
static int make_view(struct holder *on, const struct partition_entry *entry, uint64_t size,
                     char node[NODE_MAX], dev_t *number)
{
    char name[64], parameters[64];
    if (entry->start % 512 || size < 512)
        return -EINVAL;
    snprintf(name, sizeof name, "part-%u.%u-%u", major(on->number), minor(on->number),
             entry->number);
    snprintf(parameters, sizeof parameters, "%u:%u %" PRIu64, major(on->number), minor(on->number),
             entry->start / 512);
    const struct device_mapper_part part = {size / 512, "linear", parameters};
    int result = device_mapper_create(name, true, &part, 1, number);
    if (result < 0)
        return result;
    on->made = true;
    snprintf(node, NODE_MAX, "/dev/mapper/%s", name);
    device_nodes_make(node, major(*number), minor(*number));
    return 0;
}

/* A volume for a partition, opened at `node`; "": there is nothing to open. */
static struct content *add(const struct holder *on, unsigned number, const char *node)
{
    struct content *what = volume_table_append(on->all, on->kind, node);
    if (!what)
        return NULL;
    what->disk = on->disk;
    what->slot = on->slot;
    what->level = on->level;
    what->partition = on->kind == VOLUME_PARTITION ? number : 0;
    what->searched = on->level >= LEVEL_MAX;
    snprintf(what->name, sizeof what->name, "%.*s%u", CONTENT_NAME_MAX - 12, on->name, number);
    return what;
}

static void take_entry(struct content *what, const struct partition_entry *entry, uint64_t size)
{
    what->no_filesystem = entry->no_filesystem;
    if (entry->start + entry->size > size)
        what->beyond = entry->start + entry->size - size;
    snprintf(what->part_uuid, sizeof what->part_uuid, "%s", entry->uuid);
    snprintf(what->part_label, sizeof what->part_label, "%s", entry->label);
    snprintf(what->part_type, sizeof what->part_type, "%s", entry->type);
    what->part_flags = entry->flags;
}

static void fail(const struct holder *on, unsigned number, enum status status, const char *why,
                 const char *more)
{
    struct content *what = add(on, number, "");
    if (what)
        volume_table_say(what, status, "%s%s", why, more);
}

/* What the kernel shows. `entry` is NULL where libblkid has none such. */
static void add_shown(const struct holder *on, unsigned number, const struct partition_entry *entry,
                      const char *node, dev_t device)
{
    struct content *what = add(on, number, node);
    if (!what)
        return;
    what->number = device;
    if (what->status == STATUS_OK && volume_size_is_container(what->fd, what->size)) {
        volume_table_drop(on->all, volume_table_count(on->all) - 1);
        return;
    }
    if (entry)
        take_entry(what, entry, on->size);
    volume_table_look(on->all, what);
}

static bool is_behind(const struct holder *on, const struct partition_entry *entry)
{
    return entry->start >= on->size;
}

/* What the kernel does not show, or what is shown otherwise than by the kernel. */
static void add_passed_over(struct holder *on, const struct partition_entry *entry)
{
    char node[NODE_MAX];
    dev_t device = 0;
    uint64_t rest = on->size - entry->start;
    if (is_behind(on, entry)) {
        fail(on, entry->number, STATUS_CORRUPT, "the partition begins behind the end of the disk",
             "");
        return;
    }
    if (entry->size == 0 || entry->container)
        return;
    int result = volume_table_composes(on->all)
                     ? make_view(on, entry, entry->size < rest ? entry->size : rest, node, &device)
                     : -ENOTSUP;
    if (result < 0)
        fail(on, entry->number, STATUS_UNSUPPORTED,
             "the kernel made no partition of it, and the device mapper does not: ",
             strerror(-result));
    else
        add_shown(on, entry->number, entry, node, device);
}

/* An extended partition is shown only where it says that logical ones may be lost. */
static void add_container(const struct holder *on, const struct partition_entry *entry)
{
    if (entry->container && !is_behind(on, entry) && entry->start + entry->size > on->size)
        fail(on, entry->number, STATUS_CORRUPT,
             "the extended partition ends behind the end of the disk: logical partitions may be "
             "missing",
             "");
}

/* ---- disks ---- */

/* What a disk is, whatever table is on it: its partitions are those of what is made of it, or are
 * no longer. The RAID of PC firmware is not put together; its halves look like disks. */
static bool takes_all(const struct content *disk)
{
    return disk->kind == CONTENT_ENCRYPTED ||
           (disk->kind == CONTENT_MEMBER &&
            (strcmp(disk->fstype, "linux_raid_member") == 0 ||
             strcmp(disk->fstype, "LVM2_member") == 0 || strcmp(disk->fstype, "drbd") == 0));
}

static bool has_number(const unsigned *numbers, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Whether something of the table can be read, and the kernel does not show it. */
static bool passed_over(const struct holder *on, const struct partition_table *table,
                        const unsigned *numbers, size_t count)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct partition_entry *entry = &table->entries[i];
        if (!entry->container && entry->size > 0 && !is_behind(on, entry) &&
            !has_number(numbers, count, entry->number))
            return true;
    }
    return false;
}

static void add_entry(struct holder *on, const struct partition_entry *entry)
{
    add_passed_over(on, entry);
    add_container(on, entry);
}

/* The partitions of the kernel and the table's, by their numbers. Where one of the table's needs a
 * view, all have one: the kernel has a disk in use by its own partitions or by the mapper, not
 * both. */
static void add_partitions(struct holder *on, device_table *disks,
                           const struct partition_table *table)
{
    char node[NODE_MAX];
    const unsigned *numbers;
    size_t count = device_table_partitions(disks, on->slot, &numbers), next = 0;
    bool views = passed_over(on, table, numbers, count);
    for (size_t i = 0; i < count; i++) {
        while (next < table->count && table->entries[next].number < numbers[i])
            add_entry(on, &table->entries[next++]);
        const struct partition_entry *entry = NULL;
        if (next < table->count && table->entries[next].number == numbers[i])
            entry = &table->entries[next++];
        if (entry && (views || entry->container))
            add_entry(on, entry);
        else
            add_shown(on, numbers[i], entry, device_table_node(disks, on->slot, numbers[i], node),
                      device_table_number(disks, on->slot, numbers[i]));
    }
    while (next < table->count)
        add_entry(on, &table->entries[next++]);
}

/* Beside a filesystem on the whole, as an ISO image's: a partition may be that filesystem again, or
 * a piece of it. */
static void settle_beside(volume_table *all, size_t first, const char *fstype, const char *uuid)
{
    for (size_t i = volume_table_count(all); i-- > first;) {
        struct content *what = volume_table_at(all, i);
        if (what->kind == CONTENT_FILESYSTEM && strcmp(what->fstype, fstype) == 0 &&
            strcmp(what->uuid, uuid) == 0)
            volume_table_drop(all, i);
        else if (is_unknown(what))
            what->no_filesystem = true;
    }
}

/* Whether the table says of anything but what merely contains others. */
static bool has_volumes(const struct partition_table *table, uint64_t size)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct partition_entry *entry = &table->entries[i];
        if (entry->start >= size || (entry->size > 0 && !entry->container) ||
            entry->start + entry->size > size)
            return true;
    }
    return false;
}

/* What is to be said of a disk with a table. false: its partitions say all. */
static bool describe(struct content *disk, const struct partition_table *table, bool partitions)
{
    if (table->fault)
        volume_table_say(disk, STATUS_CORRUPT, "%s", table->fault);
    else if (table->cut)
        volume_table_say(disk, STATUS_CORRUPT,
                         "the disk is cut: its partition table is for a larger one");
    else if (has_volumes(table, disk->size) || (partitions && !table->kind[0]))
        return false;
    else if (table->kind[0])
        disk->bare_table = true;
    return true;
}

static void find_on(volume_table *all, size_t index, device_table *disks, struct holder *on,
                    bool shown)
{
    struct partition_table table;
    struct content *disk = volume_table_at(all, index);
    if (shown)
        partition_table_read(disk->fd, disk->size, &table);
    else
        partition_table_search(disk->fd, disk->size, &table);
    AUTO_FD int whole = dup(disk->fd);
    bool stays = !is_unknown(disk) || describe(disk, &table, shown);
    if (!stays)
        volume_table_drop(all, index);
    size_t first = stays ? index + 1 : index;
    add_partitions(on, disks, &table);
    disk = volume_table_at(all, index);
    if (stays && disk->kind == CONTENT_FILESYSTEM)
        settle_beside(all, first, disk->fstype, disk->uuid);
    size_t count = volume_table_count(all) - first;
    if (whole >= 0 && count > 0)
        ldm_detect_mark(whole, volume_table_at(all, first), count);
    else if (whole >= 0)
        ldm_detect_mark(whole, volume_table_at(all, index), 1);
    if (table.more)
        volume_table_truncate(all);
    partition_table_clear(&table);
}

/* Whether the kernel shows partitions of the disk, once it has been asked for them: 1, 0 or -errno.
 */
static int ask_kernel(device_table *disks, const struct content *disk)
{
    const unsigned *numbers;
    int result = replaced_disk_read_partitions(disks, disk->slot, disk->fd);
    return result < 0 ? result : device_table_partitions(disks, disk->slot, &numbers) > 0;
}

/* Nearly every table that the kernel knows has something in the first sector (the MBR, and so GPT
 * and LDM; the labels of Sun, SGI, Mac, Atari …; not the Amiga's, Acorn's and Ultrix's). */
static bool has_blank_sector(const struct content *disk)
{
    static const char blank[512];
    char sector[sizeof blank];
    return pread(disk->fd, sector, sizeof sector, 0) == (ssize_t)sizeof sector &&
           memcmp(sector, blank, sizeof sector) == 0;
}

/* Looks what is on the whole disk, and whether the kernel shows partitions of it: as ask_kernel().
 * The kernel is not asked where a filesystem, a physical volume or the like begins behind a blank
 * sector: asking takes half as long again as looking. */
static int look_at(volume_table *all, device_table *disks, struct content *disk)
{
    int shown = 0;
    bool later = !device_table_partitions_read(disks, disk->slot) && has_blank_sector(disk);
    if (!later)
        shown = ask_kernel(disks, disk);
    if (shown == 0)
        volume_table_look(all, disk);
    if (later && disk->kind == CONTENT_UNKNOWN)
        shown = ask_kernel(disks, disk);
    if (shown > 0) {
        volume_table_say(disk, STATUS_OK, "%s", ""); /* it is looked at anew */
        volume_table_look_beside(all, disk);
    }
    return shown;
}

int partitions_find(volume_table *all, device_table *disks)
{
    size_t index = volume_table_count(all) - 1;
    struct content *disk = volume_table_at(all, index);
    struct holder on = {all, VOLUME_PARTITION, disk->disk, disk->slot, 0,
                        "",  disk->number,     disk->size, false};
    disk->searched = true;
    snprintf(on.name, sizeof on.name, "%s", disk->name);
    int shown = look_at(all, disks, disk);
    if (shown < 0)
        return shown;
    if (disk->status != STATUS_UNREADABLE && !takes_all(disk) && (shown || is_unknown(disk)))
        find_on(all, index, disks, &on, shown);
    return on.made;
}

/* ---- tables inside of volumes ---- */

static void find_in(volume_table *all, size_t index, const struct partition_table *table)
{
    struct content *what = volume_table_at(all, index);
    bool digit = strchr("0123456789", what->name[strlen(what->name) - 1]) != NULL;
    struct holder on = {all, what->volume, 0,          what->slot, what->level + 1,
                        "",  what->number, what->size, false};
    const char *name = what->name;
    if (what->volume == VOLUME_PARTITION) { /* as kpartx(8) does it */
        on.kind = VOLUME_MAPPED;
        snprintf(on.name, sizeof on.name, "/dev/mapper/%.*sp", CONTENT_NAME_MAX - 24,
                 name + strlen("/dev/"));
    } else {
        snprintf(on.name, sizeof on.name, "%.*s%s", CONTENT_NAME_MAX - 12, name, digit ? "p" : "");
    }
    what->hidden = !describe(what, table, false);
    for (size_t i = 0; i < table->count; i++)
        add_entry(&on, &table->entries[i]);
    if (table->more)
        volume_table_truncate(all);
}

bool partitions_find_nested(volume_table *all)
{
    bool any = false;
    for (size_t i = 0, count = volume_table_count(all); i < count; i++) {
        struct partition_table table;
        struct content *what = volume_table_at(all, i);
        if (what->searched || what->no_filesystem || what->dynamic || what->fd < 0 ||
            !is_unknown(what))
            continue;
        what->searched = true;
        /* In a partition there is hardly ever one. */
        if (what->volume == VOLUME_PARTITION)
            partition_table_read(what->fd, what->size, &table);
        else
            partition_table_search(what->fd, what->size, &table);
        if (table.kind[0] || table.fault)
            find_in(all, i, &table);
        any = any || table.count > 0;
        partition_table_clear(&table);
    }
    return any;
}
