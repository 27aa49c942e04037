/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's disks hold, by the guest's own names, and how it is mounted. */
#ifndef VLT_AGENT_CONTENTS_H
#define VLT_AGENT_CONTENTS_H

#include "devices.h"
#include "devspec.h"
#include "extinodes.h"
#include "grafts.h"
#include "modules.h"

#define CONTENT_NAME_MAX 32

struct content {
    unsigned disk;               /* of the guest, from 0 */
    unsigned slot;               /* where it is in the appliance */
    unsigned partition;          /* 0: the whole disk, which has none */
    char name[CONTENT_NAME_MAX]; /* /dev/sda1 */
    enum volume_content kind;
    enum status status; /* STATUS_OK, or why it is not to be mounted, or could not be */
    char message[VOLUME_MESSAGE_MAX];
    char fstype[MAX_FSTYPE + 1]; /* as libblkid has these */
    char label[MAX_LABEL + 1];
    char uuid[MAX_UUID + 1];
    char part_uuid[MAX_UUID + 1];
    char part_label[MAX_LABEL + 1];
    bool touched;      /* it has been mounted, or that was tried */
    extinodes *inodes; /* NULL: not opened */
    bool opaque;       /* … and will not be */
    int kept;          /* mounted already, without options, by whoever was looking; -1: not */
};

typedef struct contents contents;

/* Borrows them all. NULL: no memory. */
contents *contents_new(devices *disks, modules *loaded, const struct graft_ops *ops);
void contents_free(contents *self);

/* Looks at these disks, all of which must be there. 0; -1: a disk is not the one that was
 * announced, and *why says so. */
int contents_find(contents *self, const struct disk *disks, size_t count, char *why, size_t size);

size_t contents_count(const contents *self);
struct content *contents_at(const contents *self, size_t index);
/* The first that is named so, or NULL. */
struct content *contents_match(contents *self, const struct devspec *spec);

/* Mounts it: as graft_ops.mount(), with the module it needs. `fstype`: "" for what was found. What
 * has been kept is taken. */
int contents_mount(contents *self, struct content *what, const char *fstype, const char *options,
                   struct mount_outcome *outcome);

/* The device number that the guest itself would have for what is mounted from its disks. */
uint64_t contents_device(const contents *self, uint64_t device);

/* Who knows the files of a mounted filesystem by their inodes' numbers; NULL: the kernel. It stays
 * until contents_clear(). */
extinodes *contents_inodes(contents *self, dev_t device);

/* Nothing of it may be mounted any more. */
void contents_clear(contents *self);

/* Of all since contents_find(); `waited` is not. */
const struct scan_times *contents_times(const contents *self);

#endif
