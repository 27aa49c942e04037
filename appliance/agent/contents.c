/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "contents.h"
#include "filesystems.h"
#include "scan.h"
#include "slots.h"
#include <blkid/blkid.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>

struct contents {
    devices *disks;
    modules *loaded;
    const struct graft_ops *ops;
    prober *probe;
    struct content *list;
    size_t count;
    size_t room;
    bool tables_read; /* part_uuid and part_label are known */
    struct scan_times times;
};

contents *contents_new(devices *disks, modules *loaded, const struct graft_ops *ops)
{
    contents *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->disks = disks;
    self->loaded = loaded;
    self->ops = ops;
    self->probe = prober_new();
    if (!self->probe) {
        free(self);
        return NULL;
    }
    return self;
}

void contents_free(contents *self)
{
    if (!self)
        return;
    contents_clear(self);
    free(self->list);
    prober_free(self->probe);
    free(self);
}

size_t contents_count(const contents *self)
{
    return self->count;
}

struct content *contents_at(const contents *self, size_t index)
{
    return &self->list[index];
}

const struct scan_times *contents_times(const contents *self)
{
    return &self->times;
}

void contents_clear(contents *self)
{
    char node[NODE_MAX];
    for (size_t i = 0; i < self->count; i++) {
        struct content *what = &self->list[i];
        if (what->kept >= 0)
            close(steal_fd(&what->kept));
        extinodes_free(STEAL(what->inodes));
        if (what->touched)
            self->ops->forget(devices_node(self->disks, what->slot, what->partition, node),
                              what->fstype);
    }
    self->count = 0;
    self->tables_read = false;
    memset(&self->times, 0, sizeof self->times);
}

/* ---- finding ---- */

static void guests_name(struct content *what)
{
    char drive[DRIVE_NAME_MAX];
    drive_name(what->disk, drive);
    if (what->partition)
        snprintf(what->name, sizeof what->name, "/dev/%s%u", drive, what->partition);
    else
        snprintf(what->name, sizeof what->name, "/dev/%s", drive);
}

static struct content *add(contents *self, unsigned disk, unsigned slot, unsigned partition)
{
    if (self->count == MAX_VOLUMES)
        return NULL;
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 16;
        struct content *list = reallocarray(self->list, room, sizeof *list);
        if (!list)
            abort(); /* an appliance without memory is of no use; the host sees it end */
        self->list = list;
        self->room = room;
    }
    struct content *what = &self->list[self->count++];
    memset(what, 0, sizeof *what);
    what->disk = disk;
    what->slot = slot;
    what->partition = partition;
    what->kept = -1;
    what->kind = CONTENT_UNKNOWN;
    guests_name(what);
    return what;
}

static void unreadable(struct content *what, int errnum)
{
    what->status = STATUS_UNREADABLE;
    snprintf(what->message, sizeof what->message, "%s", strerror(errnum));
}

static void look(contents *self, int fd, uint64_t size, struct content *what)
{
    struct finding found;
    uint64_t start = scan_now();
    prober_look(self->probe, fd, size, &found);
    self->times.probed += scan_now() - start;
    what->kind = found.content;
    what->status = found.status;
    snprintf(what->message, sizeof what->message, "%s", found.message);
    snprintf(what->fstype, sizeof what->fstype, "%s", found.type);
    snprintf(what->label, sizeof what->label, "%s", found.label);
    snprintf(what->uuid, sizeof what->uuid, "%s", found.uuid);
    if (found.blank)
        what->status = STATUS_EMPTY;
}

static void find_partition(contents *self, unsigned disk, unsigned slot, unsigned number)
{
    char node[NODE_MAX];
    uint64_t size = 0;
    AUTO_FD int fd = open(devices_node(self->disks, slot, number, node), O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : scan_size(fd, &size);
    if (result == 0 && scan_is_container(fd, size))
        return;
    struct content *what = add(self, disk, slot, number);
    if (what && result < 0)
        unreadable(what, -result);
    else if (what)
        look(self, fd, size, what);
}

static int find_disk(contents *self, unsigned index, const struct disk *disk, char *why,
                     size_t room)
{
    char node[NODE_MAX];
    const unsigned *numbers;
    uint64_t size = 0;
    size_t partitions = devices_partitions(self->disks, disk->slot, &numbers);
    AUTO_FD int fd = open(devices_node(self->disks, disk->slot, 0, node), O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : scan_size(fd, &size);
    if (result == 0 && !devices_match(self->disks, disk, size, why, room))
        return -1;
    for (size_t i = 0; result == 0 && i < partitions; i++)
        find_partition(self, index, disk->slot, numbers[i]);
    if (result == 0 && partitions > 0)
        return 0;
    struct content *what = add(self, index, disk->slot, 0);
    if (what && result < 0)
        unreadable(what, -result);
    else if (what)
        look(self, fd, size, what);
    return 0;
}

int contents_find(contents *self, const struct disk *disks, size_t count, char *why, size_t size)
{
    int result = 0;
    contents_clear(self);
    for (size_t i = 0; i < count && result == 0; i++)
        result = find_disk(self, (unsigned)i, &disks[i], why, size);
    return result;
}

/* ---- by name ---- */

static void take_name(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

/* The names that a disk's partition table gives its partitions. */
static void read_table(const contents *self, unsigned slot)
{
    char node[NODE_MAX];
    AUTO_FD int fd = open(devices_node(self->disks, slot, 0, node), O_RDONLY | O_CLOEXEC);
    blkid_probe probe = fd < 0 ? NULL : blkid_new_probe();
    if (!probe)
        return;
    blkid_probe_enable_partitions(probe, 1);
    blkid_probe_enable_superblocks(probe, 0);
    blkid_partlist table =
        blkid_probe_set_device(probe, fd, 0, 0) < 0 ? NULL : blkid_probe_get_partitions(probe);
    for (size_t i = 0; table && i < self->count; i++) {
        struct content *what = &self->list[i];
        if (what->slot != slot || what->partition == 0)
            continue;
        blkid_partition part = blkid_partlist_get_partition_by_partno(table, (int)what->partition);
        if (!part)
            continue;
        take_name(what->part_uuid, sizeof what->part_uuid, blkid_partition_get_uuid(part));
        take_name(what->part_label, sizeof what->part_label, blkid_partition_get_name(part));
    }
    blkid_free_probe(probe);
}

static void read_tables(contents *self)
{
    for (size_t i = 0; i < self->count && !self->tables_read; i++)
        if (self->list[i].partition && (i == 0 || self->list[i].slot != self->list[i - 1].slot))
            read_table(self, self->list[i].slot);
    self->tables_read = true;
}

static bool is_named(const struct content *what, const struct devspec *spec)
{
    switch (spec->kind) {
    case DEVSPEC_UUID:
        return *what->uuid && strcasecmp(what->uuid, spec->value) == 0;
    case DEVSPEC_LABEL:
        return *what->label && strcmp(what->label, spec->value) == 0;
    case DEVSPEC_PARTUUID:
        return *what->part_uuid && strcasecmp(what->part_uuid, spec->value) == 0;
    case DEVSPEC_PARTLABEL:
        return *what->part_label && strcmp(what->part_label, spec->value) == 0;
    case DEVSPEC_NODE:
        return what->disk == spec->disk && what->partition == spec->partition;
    default:
        return false;
    }
}

struct content *contents_match(contents *self, const struct devspec *spec)
{
    if (spec->kind == DEVSPEC_PARTUUID || spec->kind == DEVSPEC_PARTLABEL)
        read_tables(self);
    for (size_t i = 0; i < self->count; i++)
        if (is_named(&self->list[i], spec))
            return &self->list[i];
    return NULL;
}

/* What is mounted from that device; NULL: it is no disk's. */
static struct content *content_of(const contents *self, dev_t device)
{
    for (size_t i = 0; i < self->count; i++) {
        struct content *what = &self->list[i];
        if (what->touched && devices_number(self->disks, what->slot, what->partition) == device)
            return what;
    }
    return NULL;
}

extinodes *contents_inodes(contents *self, dev_t device)
{
    char node[NODE_MAX];
    struct content *what = content_of(self, device);
    if (!what || what->inodes || what->opaque)
        return what ? what->inodes : NULL;
    if (strncmp(what->fstype, "ext", 3) == 0)
        what->inodes = extinodes_open(devices_node(self->disks, what->slot, what->partition, node));
    what->opaque = !what->inodes;
    return what->inodes;
}

/* Documentation/admin-guide/devices.txt: disks by sixteen have a major each. The kernel gives
 * partitions above 15 any number, so these keep the one that they have here. */
uint64_t contents_device(const contents *self, uint64_t device)
{
    static const unsigned majors[] = {8,   65,  66,  67,  68,  69,  70,  71,
                                      128, 129, 130, 131, 132, 133, 134, 135};
    const struct content *what = content_of(self, device);
    if (!what || what->partition > 15)
        return device;
    return makedev(majors[what->disk / 16 % 16], what->disk % 16 * 16 + what->partition);
}

/* ---- mounting ---- */

static int refuse(struct mount_outcome *outcome, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct mount_outcome *outcome, enum status status, const char *format, ...)
{
    va_list arguments;
    outcome->status = status;
    va_start(arguments, format);
    vsnprintf(outcome->message, sizeof outcome->message, format, arguments);
    va_end(arguments);
    return -1;
}

static int refuse_content(struct mount_outcome *outcome, const struct content *what)
{
    if (what->message[0])
        return refuse(outcome, what->status, "%s", what->message);
    return refuse(outcome, what->status == STATUS_OK ? STATUS_UNSUPPORTED : what->status,
                  "no filesystem: %s", what->fstype[0] ? what->fstype : "no known signature");
}

int contents_mount(contents *self, struct content *what, const char *fstype, const char *options,
                   struct mount_outcome *outcome)
{
    char node[NODE_MAX];
    const char *failed = "", *type = *fstype ? fstype : what->fstype;
    memset(outcome, 0, offsetof(struct mount_outcome, message) + 1);
    if (!*fstype && (what->status != STATUS_OK || what->kind != CONTENT_FILESYSTEM))
        return refuse_content(outcome, what);
    const struct mount_type *how = mount_type_find(type);
    if (!how)
        return refuse(outcome, STATUS_UNSUPPORTED, "unsupported filesystem: %.32s", type);
    int result = modules_need(self->loaded, type, &failed);
    if (result < 0)
        return refuse(outcome, STATUS_UNSUPPORTED, "module %.128s: %s", failed, strerror(-result));
    if (!*fstype && !*options && what->kept >= 0)
        return steal_fd(&what->kept);
    devices_node(self->disks, what->slot, what->partition, node);
    AUTO_FD int fd = open(node, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(outcome, STATUS_UNREADABLE, "open: %s", strerror(errno));
    uint64_t start = scan_now();
    what->touched = true;
    int mounted = self->ops->mount(node, fd, how, options, outcome);
    self->times.mounted += scan_now() - start;
    return mounted;
}
