/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contents of a guest's disks, by the guest's own names, and how they are mounted. */
#ifndef VLT_AGENT_VOLUME_TABLE_H
#define VLT_AGENT_VOLUME_TABLE_H

#include "agent/device/device-table.h"
#include "agent/mount/detached-mounts.h"
#include "agent/mount/device-inodes.h"
#include "agent/mount/kernel-modules.h"
#include "agent/mount/partition-table.h"
#include "device-spec.h"

/* "/dev/" and a name. */
#define CONTENT_NAME_MAX (MAX_VOLUME_NAME + 8)

struct content {
    enum volume_kind volume;
    unsigned disk;               /* of the guest, from 0 */
    unsigned slot;               /* where it is in the appliance */
    unsigned partition;          /* 0: the whole disk, which has none */
    char name[CONTENT_NAME_MAX]; /* /dev/sda1, /dev/vg/lv */
    char *node;                  /* where it is opened here */
    dev_t number;                /* 0: not known */
    uint64_t size;               /* bytes */
    int fd;                      /* open for reading until volume_table_release(); -1 */

    enum volume_content kind;
    enum status status; /* STATUS_OK, or why it is not to be mounted, or could not be */
    bool blank;         /* CONTENT_UNKNOWN: there are zeros, in all that was sampled … */
    uint64_t sampled;   /* … bytes */
    char message[VOLUME_MESSAGE_MAX];
    char fstype[MAX_FSTYPE + 1]; /* as libblkid has these */
    char label[MAX_LABEL + 1];
    char uuid[MAX_UUID + 1];
    char sub[MAX_UUID + 1]; /* of a member */
    char version[16];
    char journal[MAX_UUID + 1]; /* of the device that its journal is on, if it is another one */
    uint64_t claimed; /* bytes that the filesystem says it has; 0: not known (filesystem-size.h) */
    char part_uuid[MAX_UUID + 1];
    char part_label[MAX_LABEL + 1];
    char part_type[PARTITION_TYPE_MAX]; /* a GUID, or 0x and a byte */
    uint64_t part_flags;

    bool touched;          /* it has been mounted, or that was tried */
    device_inodes *inodes; /* NULL: not opened */
    bool opaque;           /* … and will not be */
    int mounted; /* its mount without options, kept from the search for the root; -1: none */

    char *overlay;          /* the node of its writable view; NULL: none */
    dev_t overlay_number;   /* … */
    unsigned overlay_first; /* … its first RAM disk */
    size_t leader; /* of a member of a btrfs, a log or realtime volume of an xfs: the index of the
                      one that stands for all, + 1 */
    bool as_is;    /* recovering it has failed */
    /* Of recovery-view.h: */
    bool looked;   /* the driver has looked at its journal, and come back … */
    bool replayed; /* … and replayed it */
    bool late;     /* it is not asked to: there is no time for that */
    bool tried;    /* composites': it has been made part of something, or cannot be */
    bool dynamic;  /* it belongs to a dynamic disk (ldm-detect.h) */

    /* Of partitions.h. */
    bool no_filesystem; /* its table says that it holds none */
    uint64_t beyond;    /* bytes of it that would be behind the end of the disk */
    bool bare_table;    /* it has a partition table without partitions */
    bool searched;      /* for a table */
    unsigned level;     /* so many tables are around its own; 0: the disk's */
    bool hidden;        /* it is no volume of its own: what is in it is */
};

typedef struct volume_table volume_table;

/* Borrows them all. `compose`: volumes are made of what the disks hold (volume-stack.h), which only
 * an appliance can. NULL: no memory. */
volume_table *volume_table_new(device_table *disks, kernel_modules *loaded,
                               const struct detached_mounts_ops *ops, bool compose);

/* Examines these disks, all of which must be there, and opens the encrypted volumes that these keys
 * fit. 0; -1: a disk is not the one that the host described, and *why is the reason. */
int volume_table_find(volume_table *self, const struct disk *disks, size_t count, const key *keys,
                      size_t key_count, char *why, size_t size);

size_t volume_table_count(const volume_table *self);
/* A content by its index. Valid until one is added. */
struct content *volume_table_at(const volume_table *self, size_t index);
/* The first with that name, or NULL. */
struct content *volume_table_match(volume_table *self, const struct device_spec *spec);

/* Loads the filesystem's modules and returns how to mount it; NULL: it cannot be mounted, and
 * *outcome is the reason. `fstype`: "" for the detected type. */
const struct mount_type *volume_table_mountable(volume_table *self, const struct content *what,
                                                const char *fstype, struct mount_outcome *outcome);

/* Filesystems are read as they lie there, without recovery (recovery-view.h), or not. */
void volume_table_read_as_is(volume_table *self, bool as_is);
/* How many beginnings of volume_table_begin_replay() there may be. */
void volume_table_set_replays(volume_table *self, unsigned most);
/* Hears each of them, and its end. */
struct replay_watch {
    void (*tell)(void *owner, bool begins);
    void *owner;
};
/* Borrowed; NULL: nothing is told. */
void volume_table_watch(volume_table *self, const struct replay_watch *watch);
/* Before and after what takes a driver as long as a journal wants. False: not any more, and nothing
 * has begun. */
bool volume_table_begin_replay(volume_table *self);
void volume_table_end_replay(volume_table *self);
/* What becomes of filesystems with fragile drivers. */
void volume_table_set_fragile(volume_table *self, fragile policy);
/* Whether there are appliances with more memory. */
void volume_table_set_larger(volume_table *self, bool larger);
/* What is asked of it takes more memory than there is. Whether that will be found elsewhere. */
bool volume_table_lacks_memory(volume_table *self);
/* What the guest needs and has not got here, since volume_table_find(): then the rest of the answer
 * does not count. */
need volume_table_needs(const volume_table *self);
bool volume_table_reads_as_is(const volume_table *self);

/* What could be mounted, but not as it should be: its status and *message; STATUS_OK: nothing. */
enum status volume_table_complaint(const volume_table *self, const char **message);

/* Loads its modules and mounts it, recovered, as detached_mounts_ops.mount(). Takes over
 * what->mounted where it can be used. */
int volume_table_mount(volume_table *self, struct content *what, const char *fstype,
                       const char *options, struct mount_outcome *outcome);

/* The device number that the guest itself would see for a filesystem that is mounted here. */
uint64_t volume_table_device(const volume_table *self, uint64_t device);

/* The reader of inodes of a mounted filesystem; NULL: ask the kernel. Valid until
 * volume_table_release(). */
device_inodes *volume_table_inodes(volume_table *self, dev_t device);

/* Closes the disks; none of their volumes may be mounted any more. The contents can still be read.
 */
void volume_table_release(volume_table *self);

/* Times since volume_table_find(), without `waited`. */
struct scan_times *volume_table_times(volume_table *self);

/* ---- for volume-stack.h, partitions.h and recovery-view.h ---- */

/* NULL: nothing is made of what is found. */
struct volume_stack *volume_table_stack(volume_table *self);

/* Whether devices of the mapper's can be made. */
bool volume_table_composes(const volume_table *self);
/* Appends what is opened at `node`, without a name, and does not look at it. NULL: there are
 * MAX_VOLUMES. Moves all that volume_table_at() gave. */
struct content *volume_table_append(volume_table *self, enum volume_kind volume, const char *node);
/* Finds out what is in it; volume_table_look_beside(): in a disk that has partitions. */
void volume_table_look(volume_table *self, struct content *what);
void volume_table_look_beside(volume_table *self, struct content *what);
/* Takes it out again, before anything is made of it. Moves what is behind it. */
void volume_table_drop(volume_table *self, size_t index);
/* There were more than could be kept. */
void volume_table_truncate(volume_table *self);

/* Appends a volume made of others, `name` as below /dev, and examines it at `node`. NULL: there are
 * MAX_VOLUMES. Invalidates all pointers of volume_table_at(). */
struct content *volume_table_add(volume_table *self, enum volume_kind volume, const char *name,
                                 const char *node, dev_t number);
/* Sets another message and status. */
void volume_table_say(struct content *what, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether one of the first `among` contents is of that kind and has that name, as below /dev. A
 * group's volumes may well be called as arrays are: md/0. */
bool volume_table_named(const volume_table *self, enum volume_kind kind, const char *name,
                        size_t among);
/* The node of the disk in that slot. Returns buffer. */
const char *volume_table_disk_node(const volume_table *self, unsigned slot, char buffer[NODE_MAX]);
/* Whether there were more than MAX_VOLUMES. */
bool volume_table_truncated(const volume_table *self);

#endif
