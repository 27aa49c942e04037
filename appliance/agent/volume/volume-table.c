/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-table.h"
#include "agent/device/replaced-disk.h"
#include "agent/mount/filesystem-probe.h"
#include "agent/mount/filesystem-size.h"
#include "agent/mount/volume-size.h"
#include "base/clock.h"
#include "base/drive-name.h"
#include "inventory.h"
#include "partitions.h"
#include "recovery-view.h"
#include "volume-stack.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct volume_table {
    device_table *disks;
    kernel_modules *loaded;
    const struct detached_mounts_ops *ops;
    volume_stack *made; /* NULL: nothing is made of what is found */
    filesystem_probe *probe;
    struct content *list;
    size_t count;
    size_t room;
    bool truncated;   /* there were more than MAX_VOLUMES */
    bool as_is;       /* nothing is recovered */
    unsigned replays; /* that may begin; ALL_REPLAYS */
    const struct replay_watch *watch;
    fragile policy;
    bool larger; /* there are appliances with more memory */
    need needs;
    enum status complaint;
    char complained[MAX_MESSAGE];
    struct scan_times times;
};

volume_table *volume_table_new(device_table *disks, kernel_modules *loaded,
                               const struct detached_mounts_ops *ops, bool compose)
{
    volume_table *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->disks = disks;
    self->loaded = loaded;
    self->ops = ops;
    self->probe = filesystem_probe_new();
    self->made = compose ? volume_stack_new() : NULL;
    if (!self->probe || (compose && !self->made)) {
        filesystem_probe_free(self->probe);
        volume_stack_free(self->made);
        free(self);
        return NULL;
    }
    return self;
}

/* An appliance without memory is of no use; the host sees it end. */
static void *checked(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void volume_table_release(volume_table *self)
{
    for (size_t i = 0; i < self->count; i++) {
        struct content *what = &self->list[i];
        if (what->mounted >= 0)
            close(steal_fd(&what->mounted));
        if (what->fd >= 0)
            close(steal_fd(&what->fd));
        device_inodes_free(STEAL(what->inodes));
        if (what->touched)
            self->ops->forget(what->node, what->fstype);
        if (what->touched && what->overlay)
            self->ops->forget(what->overlay, what->fstype);
        what->touched = false;
    }
    if (self->made)
        volume_stack_clear(self->made);
}

static void clear(volume_table *self)
{
    volume_table_release(self);
    for (size_t i = 0; i < self->count; i++) {
        free(self->list[i].node);
        free(self->list[i].overlay);
    }
    self->count = 0;
    self->truncated = false;
    self->complaint = STATUS_OK;
    self->needs = NEED_NOTHING;
    memset(&self->times, 0, sizeof self->times);
}

size_t volume_table_count(const volume_table *self)
{
    return self->count;
}

struct content *volume_table_at(const volume_table *self, size_t index)
{
    return &self->list[index];
}

bool volume_table_named(const volume_table *self, enum volume_kind kind, const char *name,
                        size_t among)
{
    for (size_t i = 0; i < self->count && i < among; i++)
        if (self->list[i].volume == kind && strcmp(self->list[i].name + strlen("/dev/"), name) == 0)
            return true;
    return false;
}

const char *volume_table_disk_node(const volume_table *self, unsigned slot, char buffer[NODE_MAX])
{
    return device_table_node(self->disks, slot, 0, buffer);
}

bool volume_table_truncated(const volume_table *self)
{
    return self->truncated;
}

volume_stack *volume_table_stack(volume_table *self)
{
    return self->made;
}

void volume_table_read_as_is(volume_table *self, bool as_is)
{
    self->as_is = as_is;
}

void volume_table_set_replays(volume_table *self, unsigned most)
{
    self->replays = most;
}

void volume_table_watch(volume_table *self, const struct replay_watch *watch)
{
    self->watch = watch;
}

bool volume_table_begin_replay(volume_table *self)
{
    if (self->replays == 0)
        return false;
    self->replays -= self->replays != ALL_REPLAYS;
    if (self->watch)
        self->watch->tell(self->watch->owner, true);
    return true;
}

void volume_table_end_replay(volume_table *self)
{
    if (self->watch)
        self->watch->tell(self->watch->owner, false);
}

void volume_table_set_fragile(volume_table *self, fragile policy)
{
    self->policy = policy;
}

void volume_table_set_larger(volume_table *self, bool larger)
{
    self->larger = larger;
}

bool volume_table_lacks_memory(volume_table *self)
{
    if (self->larger && self->needs == NEED_NOTHING)
        self->needs = NEED_MEMORY;
    return self->larger;
}

need volume_table_needs(const volume_table *self)
{
    return self->needs;
}

bool volume_table_reads_as_is(const volume_table *self)
{
    return self->as_is;
}

enum status volume_table_complaint(const volume_table *self, const char **message)
{
    *message = self->complained;
    return self->complaint;
}

struct scan_times *volume_table_times(volume_table *self)
{
    return &self->times;
}

/* ---- finding ---- */

void volume_table_say(struct content *what, enum status status, const char *format, ...)
{
    va_list arguments;
    what->status = status;
    va_start(arguments, format);
    vsnprintf(what->message, sizeof what->message, format, arguments);
    va_end(arguments);
}

struct content *volume_table_append(volume_table *self, enum volume_kind volume, const char *node)
{
    if (self->count == MAX_VOLUMES) {
        self->truncated = true;
        return NULL;
    }
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 16;
        self->list = checked(reallocarray(self->list, room, sizeof *self->list));
        self->room = room;
    }
    struct content *what = &self->list[self->count++];
    memset(what, 0, sizeof *what);
    what->volume = volume;
    what->node = checked(strdup(node));
    what->mounted = -1;
    what->kind = CONTENT_UNKNOWN;
    what->fd = open(node, O_RDONLY | O_CLOEXEC);
    int result = what->fd < 0 ? -errno : volume_size_read(what->fd, &what->size);
    if (result < 0)
        volume_table_say(what, STATUS_UNREADABLE, "%s", strerror(-result));
    return what;
}

void volume_table_drop(volume_table *self, size_t index)
{
    struct content *what = &self->list[index];
    if (what->fd >= 0)
        close(what->fd);
    free(what->node);
    self->count--;
    memmove(what, what + 1, (self->count - index) * sizeof *what);
}

void volume_table_truncate(volume_table *self)
{
    self->truncated = true;
}

bool volume_table_composes(const volume_table *self)
{
    return self->made != NULL;
}

/* How libblkid is asked. */
typedef void look_function(filesystem_probe *probe, int fd, uint64_t size, struct finding *found);

static void look_by(volume_table *self, struct content *what, look_function *look)
{
    struct finding found;
    if (what->status != STATUS_OK)
        return; /* it could not be opened */
    uint64_t start = clock_now();
    look(self->probe, what->fd, what->size, &found);
    self->times.probed += clock_now() - start;
    what->kind = found.content;
    what->status = found.status;
    snprintf(what->message, sizeof what->message, "%s", found.message);
    snprintf(what->fstype, sizeof what->fstype, "%s", found.type);
    snprintf(what->label, sizeof what->label, "%s", found.label);
    snprintf(what->uuid, sizeof what->uuid, "%s", found.uuid);
    snprintf(what->sub, sizeof what->sub, "%s", found.sub);
    snprintf(what->version, sizeof what->version, "%s", found.version);
    snprintf(what->journal, sizeof what->journal, "%s", found.journal);
    /* Here, where its beginning has just been read: a mount drops that from memory. */
    what->claimed = filesystem_size_claimed(what->fstype, what->fd);
}

void volume_table_look(volume_table *self, struct content *what)
{
    look_by(self, what, filesystem_probe_look);
}

void volume_table_look_beside(volume_table *self, struct content *what)
{
    look_by(self, what, filesystem_probe_look_beside);
}

/* What is on a disk: itself, or its partitions. */
static int find_disk(volume_table *self, unsigned index, const struct disk *disk, char *why,
                     size_t room)
{
    char node[NODE_MAX], drive[DRIVE_NAME_MAX];
    if (replaced_disk_take(self->disks, disk, why, room) < 0)
        return -1;
    device_table_node(self->disks, disk->slot, 0, node);
    struct content *what = volume_table_append(self, VOLUME_DISK, node);
    if (!what)
        return 0;
    what->disk = index;
    what->slot = disk->slot;
    what->number = device_table_number(self->disks, disk->slot, 0);
    snprintf(what->name, sizeof what->name, "/dev/%s", drive_name(index, drive));
    if (what->status == STATUS_OK && disk->size != 0)
        replaced_disk_ask_size(self->disks, disk->slot, what->fd, &what->size);
    /* Whose figures are reported depends on it. */
    if (what->status == STATUS_OK &&
        !device_table_match(self->disks, disk, what->size, why, room)) {
        if (!device_table_resized(self->disks, disk, what->size))
            return -1;
        volume_table_say(what, STATUS_CORRUPT,
                         "the image was changed meanwhile: it has %llu bytes, and had %llu",
                         (unsigned long long)what->size, (unsigned long long)disk->size);
    }
    int made = what->status == STATUS_OK ? partitions_find(self, self->disks) : 0;
    if (made > 0)
        volume_stack_note(self->made);
    if (made < 0)
        snprintf(why, room, "slot %u: its partitions: %s", disk->slot, strerror(-made));
    return made < 0 ? -1 : 0;
}

struct content *volume_table_add(volume_table *self, enum volume_kind volume, const char *name,
                                 const char *node, dev_t number)
{
    static const int read_only = 1;
    struct content *what = volume_table_append(self, volume, node);
    if (!what)
        return NULL;
    snprintf(what->name, sizeof what->name, "/dev/%s", name);
    what->number = number;
    /* As a disk is: filesystems then leave their journals alone. What cannot be set so stays as it
     * is, and is not written either: it is only ever mounted read-only. */
    if (what->fd >= 0)
        ioctl(what->fd, BLKROSET, &read_only);
    volume_table_look(self, what);
    return what;
}

/* Whether it is to be mounted in another appliance. */
static bool is_for_elsewhere(const volume_table *self, const struct mount_type *how)
{
    return how && how->fragile && self->policy == FRAGILE_ELSEWHERE &&
           kernel_modules_has_fragile(self->loaded, how->type);
}

/* Before anything is mounted: all of it would be mounted again there. */
static void look_for_fragile(volume_table *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->list[i].kind == CONTENT_FILESYSTEM && self->list[i].status == STATUS_OK &&
            is_for_elsewhere(self, mount_type_find(self->list[i].fstype)))
            self->needs = NEED_ALONE;
}

int volume_table_find(volume_table *self, const struct disk *disks, size_t count, const key *keys,
                      size_t key_count, char *why, size_t size)
{
    int result = 0;
    clear(self);
    for (size_t i = 0; i < count && result == 0; i++)
        result = find_disk(self, (unsigned)i, &disks[i], why, size);
    if (result == 0 && self->made)
        volume_stack_make(self->made, self, keys, key_count);
    if (result == 0)
        inventory_settle(self, self->probe);
    look_for_fragile(self);
    return result;
}

/* ---- by name ---- */

static bool is_named(const struct content *what, const struct device_spec *spec)
{
    switch (spec->kind) {
    case DEVICE_SPEC_UUID:
        return *what->uuid && strcasecmp(what->uuid, spec->value) == 0;
    case DEVICE_SPEC_LABEL:
        return *what->label && strcmp(what->label, spec->value) == 0;
    case DEVICE_SPEC_PARTUUID:
        return *what->part_uuid && strcasecmp(what->part_uuid, spec->value) == 0;
    case DEVICE_SPEC_PARTLABEL:
        return *what->part_label && strcmp(what->part_label, spec->value) == 0;
    case DEVICE_SPEC_NODE:
        return what->volume <= VOLUME_PARTITION && what->disk == spec->disk &&
               what->partition == spec->partition;
    case DEVICE_SPEC_MAPPED:
        return strcmp(what->name + strlen("/dev/"), spec->value) == 0;
    default:
        return false;
    }
}

struct content *volume_table_match(volume_table *self, const struct device_spec *spec)
{
    for (size_t i = 0; i < self->count; i++)
        if (is_named(&self->list[i], spec))
            return &self->list[i];
    return NULL;
}

/* What is mounted from that device; NULL: it is no disk's. */
static struct content *content_of(const volume_table *self, dev_t device)
{
    for (size_t i = 0; i < self->count; i++) {
        struct content *what = &self->list[i];
        if (what->touched &&
            (what->number == device || (what->overlay && what->overlay_number == device)))
            return what;
    }
    return NULL;
}

device_inodes *volume_table_inodes(volume_table *self, dev_t device)
{
    struct content *what = content_of(self, device);
    if (!what || what->inodes || what->opaque)
        return what ? what->inodes : NULL;
    what->inodes = device_inodes_open(what->overlay ? what->overlay : what->node, what->fstype);
    what->opaque = !what->inodes;
    return what->inodes;
}

/* Documentation/admin-guide/devices.txt: disks by sixteen have a major each. The kernel gives
 * partitions above 15 any number, so these keep the one that they have here. */
uint64_t volume_table_device(const volume_table *self, uint64_t device)
{
    static const unsigned majors[] = {8,   65,  66,  67,  68,  69,  70,  71,
                                      128, 129, 130, 131, 132, 133, 134, 135};
    const struct content *what = content_of(self, device);
    if (!what || what->volume > VOLUME_PARTITION || what->partition > 15)
        return device;
    return makedev(majors[what->disk / 16 % 16], what->disk % 16 * 16 + what->partition);
}

/* ---- mounting ---- */

static void refuse(struct mount_outcome *outcome, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(struct mount_outcome *outcome, enum status status, const char *format, ...)
{
    va_list arguments;
    outcome->status = status;
    va_start(arguments, format);
    vsnprintf(outcome->message, sizeof outcome->message, format, arguments);
    va_end(arguments);
}

static void refuse_content(struct mount_outcome *outcome, const struct content *what)
{
    if (what->message[0])
        refuse(outcome, what->status, "%s", what->message);
    else
        refuse(outcome, what->status == STATUS_OK ? STATUS_UNSUPPORTED : what->status,
               "no filesystem: %s", what->fstype[0] ? what->fstype : "no known signature");
}

static bool may_mount_fragile(const volume_table *self, const struct mount_type *how)
{
    return self->policy == FRAGILE_HERE && kernel_modules_has_fragile(self->loaded, how->type);
}

const struct mount_type *volume_table_mountable(volume_table *self, const struct content *what,
                                                const char *fstype, struct mount_outcome *outcome)
{
    const char *failed = "", *type = *fstype ? fstype : what->fstype;
    memset(outcome, 0, offsetof(struct mount_outcome, message) + 1);
    if (!*fstype && (what->status != STATUS_OK || what->kind != CONTENT_FILESYSTEM)) {
        refuse_content(outcome, what);
        return NULL;
    }
    const struct mount_type *how = mount_type_find(type);
    if (is_for_elsewhere(self, how)) /* a type that the user named */
        self->needs = NEED_ALONE;
    if (!how || (how->fragile && !may_mount_fragile(self, how))) {
        bool left_out = how && self->policy == FRAGILE_REFUSED;
        refuse(outcome, STATUS_UNSUPPORTED, "unsupported filesystem: %.32s%s", type,
               left_out ? " (--filesystems=safe leaves it out)" : "");
        return NULL;
    }
    int result = how->fragile ? kernel_modules_need_fragile(self->loaded, type, &failed)
                              : kernel_modules_need(self->loaded, type, &failed);
    if (result < 0) {
        refuse(outcome, STATUS_UNSUPPORTED, "module %.128s: %s", failed, strerror(-result));
        return NULL;
    }
    return how;
}

int volume_table_mount(volume_table *self, struct content *what, const char *fstype,
                       const char *options, struct mount_outcome *outcome)
{
    const struct mount_type *how = volume_table_mountable(self, what, fstype, outcome);
    if (!how)
        return -1;
    if (!*fstype && !*options && what->mounted >= 0)
        return steal_fd(&what->mounted);
    if (what->fd < 0) {
        refuse_content(outcome, what);
        return -1;
    }
    uint64_t start = clock_now();
    int mounted = recovery_view_graft(self, what, how, options, self->ops, outcome);
    self->times.mounted += clock_now() - start;
    if (mounted >= 0 && outcome->status != STATUS_OK && self->complaint == STATUS_OK) {
        self->complaint = outcome->status;
        snprintf(self->complained, sizeof self->complained, "%s: %.*s", what->name,
                 MAX_MESSAGE - (int)sizeof what->name - 3, outcome->message);
    }
    return mounted;
}
