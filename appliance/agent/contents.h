/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's disks hold, by the guest's own names, and how it is mounted. */
#ifndef VLT_AGENT_CONTENTS_H
#define VLT_AGENT_CONTENTS_H

#include "devices.h"
#include "devspec.h"
#include "extinodes.h"
#include "grafts.h"
#include "modules.h"

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
    int fd;                      /* open for reading until contents_release(); -1 */

    enum volume_content kind;
    enum status status; /* STATUS_OK, or why it is not to be mounted, or could not be */
    bool blank;         /* CONTENT_UNKNOWN: there are zeros */
    char message[VOLUME_MESSAGE_MAX];
    char fstype[MAX_FSTYPE + 1]; /* as libblkid has these */
    char label[MAX_LABEL + 1];
    char uuid[MAX_UUID + 1];
    char sub[MAX_UUID + 1]; /* of a member */
    char version[16];
    char part_uuid[MAX_UUID + 1];
    char part_label[MAX_LABEL + 1];

    bool touched;      /* it has been mounted, or that was tried */
    extinodes *inodes; /* NULL: not opened */
    bool opaque;       /* … and will not be */
    int kept;          /* mounted already, without options, by whoever was looking; -1: not */

    char *overlay;        /* composites': the node of its writable view; NULL: none */
    dev_t overlay_number; /* … */
    bool tried;           /* composites': it has been made part of something, or cannot be */
    bool dynamic;         /* it belongs to a dynamic disk (dynamic.h) */
};

typedef struct contents contents;

/* Borrows them all. `compose`: volumes are made of what the disks hold (composites.h), which only
 * an appliance can. NULL: no memory. */
contents *contents_new(devices *disks, modules *loaded, const struct graft_ops *ops, bool compose);

/* Looks at these disks, all of which must be there, and opens what these keys open. 0; -1: a disk
 * is not the one that was announced, and *why says so. */
int contents_find(contents *self, const struct disk *disks, size_t count, const key *keys,
                  size_t key_count, char *why, size_t size);

size_t contents_count(const contents *self);
/* What has been found. Valid until something is added. */
struct content *contents_at(const contents *self, size_t index);
/* The first that is named so, or NULL. */
struct content *contents_match(contents *self, const struct devspec *spec);

/* Loads what its filesystem needs. The way to mount it, or NULL: *outcome says why it cannot be
 * mounted. `fstype`: "" for what was found. */
const struct mount_type *contents_mountable(contents *self, const struct content *what,
                                            const char *fstype, struct mount_outcome *outcome);

/* Mounts it: as graft_ops.mount(), with the module it needs. What has been kept is taken. */
int contents_mount(contents *self, struct content *what, const char *fstype, const char *options,
                   struct mount_outcome *outcome);

/* The device number that the guest itself would have for what is mounted from its disks. */
uint64_t contents_device(const contents *self, uint64_t device);

/* Who knows the files of a mounted filesystem by their inodes' numbers; NULL: the kernel. It stays
 * until contents_release(). */
extinodes *contents_inodes(contents *self, dev_t device);

/* Lets go of the disks: nothing of it may be mounted any more. What was found can still be read. */
void contents_release(contents *self);

/* Of all since contents_find(); `waited` is not. */
struct scan_times *contents_times(contents *self);

/* ---- for composites.h ---- */

/* Appends what is made of others: `name` as below /dev, opened at `node`. Looks at it; NULL: there
 * are MAX_VOLUMES. Moves all that contents_at() gave. */
struct content *contents_add(contents *self, enum volume_kind volume, const char *name,
                             const char *node, dev_t number);
/* Another message and status. */
void contents_say(struct content *what, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether something of the first so many has that name, as below /dev. */
bool contents_named(const contents *self, const char *name, size_t among);
/* The node of the disk in that slot. Returns buffer. */
const char *contents_disk_node(const contents *self, unsigned slot, char buffer[NODE_MAX]);
/* There were more than MAX_VOLUMES. */
bool contents_truncated(const contents *self);

#endif
