/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-stack.h"
#include "agent/mount/filesystem-state.h"
#include "base/clock.h"
#include "crypt.h"
#include "device-mapper.h"
#include "ldm-volumes.h"
#include "linear-volumes.h"
#include "logical-volumes.h"
#include "lvm.h"
#include "md-raid.h"
#include "partitions.h"
#include "wire/volume-name.h"
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

/* How often one is looked for in another. */
#define DEPTH_MAX 16

/* Devices are let go of a moment after the last use, by who served them (ntfs-3g, which detached
 * itself): nothing tells when. */
#define PATIENCE (5 * CLOCK_SECOND)

struct volume_stack {
    unsigned overlays; /* RAM disks that views have */
    unsigned arrays;
    unsigned linear; /* volumes that the agent has mapped */
    bool any;        /* something was made, besides views */
};

/* KiB/s; the kernel's least. What is to be resynchronised is not: it would be written to memory. */
static void slow_resync_down(void)
{
    static const char *const paths[] = {"/proc/sys/dev/raid/speed_limit_min",
                                        "/proc/sys/dev/raid/speed_limit_max"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        AUTO_FD int fd = open(paths[i], O_WRONLY | O_CLOEXEC);
        if (fd >= 0 && write(fd, "1", 1) != 1)
            fprintf(stderr, "agent: %s: %s\n", paths[i], strerror(errno));
    }
}

int volume_stack_prepare(void)
{
    slow_resync_down();
    return lvm_start();
}

volume_stack *volume_stack_new(void)
{
    return calloc(1, sizeof(volume_stack));
}

void volume_stack_free(volume_stack *self)
{
    free(self);
}

void volume_stack_note(volume_stack *self)
{
    self->any = true;
}

unsigned volume_stack_next_linear(volume_stack *self)
{
    return self->linear++;
}

uint64_t volume_stack_room(const volume_stack *self)
{
    return cow_overlay_room(self->overlays);
}

int volume_stack_overlay(volume_stack *self, struct content *what, uint64_t room,
                         enum cow_overlay_use use)
{
    char node[COW_OVERLAY_NODE_MAX];
    if (what->overlay)
        return 0;
    int result = cow_overlay_make(self->overlays, room, use, what->number, what->size, node,
                                  &what->overlay_number);
    if (result < 0)
        return result;
    what->overlay_first = self->overlays;
    self->overlays += cow_overlay_rams(room);
    what->overlay = strdup(node);
    if (!what->overlay)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    return 0;
}

void volume_stack_drop_overlay(volume_stack *self, struct content *what)
{
    if (!what->overlay || cow_overlay_remove(what->overlay_first) < 0)
        return; /* in use: it goes with everything else */
    self->overlays = what->overlay_first;
    what->overlay_number = 0;
    free(STEAL(what->overlay));
}

const char *volume_stack_member_view(volume_stack *self, struct content *what)
{
    int result = volume_stack_overlay(self, what, COW_OVERLAY_RAM, COW_OVERLAY_READ);
    if (result < 0)
        volume_table_say(what, STATUS_UNSUPPORTED, "device mapper: %s", strerror(-result));
    return what->overlay;
}

static bool is_member(const struct content *what, const char *type)
{
    return what->kind == CONTENT_MEMBER && !what->tried && strcmp(what->fstype, type) == 0;
}

/* ---- what is encrypted ---- */

static void open_one(volume_stack *self, volume_table *all, size_t index, const key *keys,
                     size_t count)
{
    char name[DEVICE_MAPPER_NAME_MAX], node[COW_OVERLAY_NODE_MAX + DEVICE_MAPPER_NAME_MAX],
        why[VOLUME_MESSAGE_MAX - 64];
    dev_t number = 0;
    struct content *what = volume_table_at(all, index);
    if (what->kind != CONTENT_ENCRYPTED || what->tried)
        return;
    what->tried = true;
    int result = crypt_open(what, keys, count, name, &number, why, sizeof why);
    if (result == -ENOKEY) {
        volume_table_say(what, STATUS_ENCRYPTED, "encrypted: %s", what->fstype);
        return;
    }
    if (result < 0) {
        if (result == -ENOMEM)
            volume_table_lacks_memory(all);
        volume_table_say(what, STATUS_ENCRYPTED, "encrypted: %s: %s", what->fstype, why);
        return;
    }
    self->any = true;
    volume_table_say(what, STATUS_OK, "%s", "");
    snprintf(node, sizeof node, "/dev/mapper/%s", name);
    volume_table_add(all, VOLUME_MAPPED, node + strlen("/dev/"), node, number);
}

static void open_encrypted(volume_stack *self, volume_table *all, const key *keys, size_t count)
{
    for (size_t i = 0, found = volume_table_count(all); i < found; i++)
        open_one(self, all, i, keys, count);
}

/* ---- arrays ---- */

/* "host:name" of a superblock of version 1: "md0" where the name is a number, else "md/name". The
 * superblock 0.90 has none: they are counted. */
static void array_name(volume_table *all, const struct content *member, unsigned index, char *name,
                       size_t size)
{
    const char *colon = strrchr(member->label, ':');
    const char *own = colon ? colon + 1 : member->label;
    bool digits = strspn(own, "0123456789") == strlen(own);
    if (own[0] && volume_name_is_plain(own))
        snprintf(name, size, digits ? "md%.16s" : "md/%.64s", own);
    else
        snprintf(name, size, "md%u", index);
    /* As the kernel's helpers do where a name is not free. */
    for (unsigned number = 127; number > 0 && volume_table_named(all, VOLUME_RAID, name, SIZE_MAX);
         number--)
        snprintf(name, size, "md%u", number);
}

/* All members of the array that `first` is part of, with their views. */
static size_t gather(volume_stack *self, volume_table *all, size_t first, dev_t *members,
                     size_t room)
{
    size_t count = 0;
    char uuid[MAX_UUID + 1];
    memcpy(uuid, volume_table_at(all, first)->uuid, sizeof uuid);
    for (size_t i = first; i < volume_table_count(all); i++) {
        struct content *what = volume_table_at(all, i);
        if (!is_member(what, "linux_raid_member") || strcmp(what->uuid, uuid) != 0)
            continue;
        what->tried = true;
        if (count < room && volume_stack_member_view(self, what)) {
            members[count++] = what->overlay_number;
            volume_table_say(what, STATUS_OK, "%s", "");
        }
    }
    return count;
}

static void start_array(volume_stack *self, volume_table *all, size_t first)
{
    dev_t members[SLOT_COUNT], number = 0;
    char node[MD_RAID_NODE_MAX], name[MAX_VOLUME_NAME],
        version[sizeof volume_table_at(all, 0)->version];
    memcpy(version, volume_table_at(all, first)->version, sizeof version);
    array_name(all, volume_table_at(all, first), self->arrays, name, sizeof name);
    size_t count = gather(self, all, first, members, SLOT_COUNT);
    int result =
        count == 0 ? -ENODEV : md_raid_start(self->arrays, version, members, count, node, &number);
    if (result == 0)
        volume_table_add(all, VOLUME_RAID, name, node, number);
    else
        volume_table_say(volume_table_at(all, first), STATUS_UNSUPPORTED,
                         "software RAID: %zu of its members %s here, and it does not start: %s",
                         count, count == 1 ? "is" : "are", strerror(-result));
    self->arrays++; /* also where it did not: the others keep their names */
}

static void start_arrays(volume_stack *self, volume_table *all)
{
    for (size_t i = 0, found = volume_table_count(all); i < found; i++)
        if (is_member(volume_table_at(all, i), "linux_raid_member"))
            start_array(self, all, i);
}

/* ---- filesystems over several volumes ---- */

static bool is_btrfs(const struct content *what)
{
    return what->kind == CONTENT_FILESYSTEM && strcmp(what->fstype, "btrfs") == 0;
}

/* Of a btrfs on several volumes the first stands for it. Copies of one volume have the same
 * UUID_SUB, and are filesystems of their own. */
static void join_btrfs(volume_table *all)
{
    for (size_t i = 0; i < volume_table_count(all); i++) {
        struct content *first = volume_table_at(all, i);
        for (size_t j = i + 1; is_btrfs(first) && j < volume_table_count(all); j++) {
            struct content *other = volume_table_at(all, j);
            if (!is_btrfs(other) || strcmp(first->uuid, other->uuid) != 0 ||
                strcmp(first->sub, other->sub) == 0)
                continue;
            other->kind = CONTENT_MEMBER;
            other->touched = true; /* it is to be forgotten */
            other->leader = i + 1;
        }
    }
}

/* The log of an xfs, by its UUID; its realtime volume, which nothing marks: the only volume in
 * which nothing is known, and that is large enough. */
static struct content *find_xfs_part(volume_table *all, const struct filesystem_xfs *xfs, bool log)
{
    struct content *found = NULL;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        struct content *what = volume_table_at(all, i);
        if (what->leader || what->hidden || what->fd < 0)
            continue;
        if (log && strcmp(what->fstype, "xfs_external_log") == 0 &&
            filesystem_state_is_xfs_log(what->fd, xfs))
            return what;
        if (log || what->kind != CONTENT_UNKNOWN || what->status != STATUS_OK ||
            what->no_filesystem || what->bare_table || what->size < xfs->realtime)
            continue;
        if (found)
            return NULL;
        found = what;
    }
    return found;
}

static void join_xfs_part(struct content *part, const char *type, size_t leader)
{
    if (!part)
        return; /* the kernel says what is missing */
    part->kind = CONTENT_MEMBER;
    part->leader = leader + 1;
    snprintf(part->fstype, sizeof part->fstype, "%s", type);
    volume_table_say(part, STATUS_OK, "%s", "");
}

static void join_xfs(volume_table *all)
{
    struct filesystem_xfs xfs;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        const struct content *what = volume_table_at(all, i);
        if (what->kind != CONTENT_FILESYSTEM || strcmp(what->fstype, "xfs") != 0 || what->fd < 0 ||
            !filesystem_state_xfs(what->fd, &xfs))
            continue;
        if (xfs.external_log)
            join_xfs_part(find_xfs_part(all, &xfs, true), "xfs_external_log", i);
        if (xfs.realtime)
            join_xfs_part(find_xfs_part(all, &xfs, false), "xfs_realtime", i);
    }
}

void volume_stack_make(volume_stack *self, volume_table *all, const key *keys, size_t count)
{
    /* First, and once: only disks are dynamic, never what is made of them. */
    self->any = ldm_volumes_make(all) || self->any;
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        size_t before = volume_table_count(all);
        if (partitions_find_nested(all))
            self->any = true;
        open_encrypted(self, all, keys, count);
        start_arrays(self, all);
        /* Last: a group may have volumes in any of those. */
        if (volume_table_count(all) == before)
            logical_volumes_activate(self, all);
        if (volume_table_count(all) == before)
            break;
    }
    join_btrfs(all);
    join_xfs(all);
}

static bool stays(const char *name)
{
    return cow_overlay_stays(name) || linear_volumes_stay(name);
}

/* Views and linear volumes, whose devices stay. */
static bool empty(volume_stack *self)
{
    bool views = cow_overlay_clear(self->overlays) == 0;
    bool linear = linear_volumes_clear(self->linear) == 0;
    return views && linear;
}

/* Arrays may be made of devices of the mapper, and these of arrays; views of both, and both of
 * views. */
static bool take_apart(volume_stack *self)
{
    bool emptied = empty(self); /* those of volumes; those of disks are in use by volumes */
    if (!self->any && self->overlays == 0)
        return emptied;
    bool gone = device_mapper_remove_all(stays) == 0;
    for (unsigned i = self->arrays; i-- > 0;)
        gone = md_raid_stop(i) && gone;
    return gone && (emptied || empty(self));
}

void volume_stack_clear(volume_stack *self)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    const uint64_t deadline = clock_now() + PATIENCE;
    bool gone = (!self->any && self->overlays == 0 && self->linear == 0) || take_apart(self);
    while (!gone && clock_now() < deadline) {
        nanosleep(&moment, NULL);
        gone = take_apart(self);
    }
    if (!gone) {
        /* The next guest must not meet this one's volumes. */
        fprintf(stderr, "agent: volumes of a guest cannot be taken apart\n");
        abort();
    }
    *self = (volume_stack){0};
}
