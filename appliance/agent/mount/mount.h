/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting a volume read-only, asking how full it is, unmounting it. */
#ifndef VLT_AGENT_MOUNT_H
#define VLT_AGENT_MOUNT_H

#include "agent/util/ntfs-link.h"
#include "filesystem-probe.h"
#include "kernel-modules.h"
#include "wire/protocol.h"
#include <stdbool.h>

/* How a filesystem is mounted. `type` is libblkid's name, `kernel` the kernel's. */
struct mount_type {
    const char *type;
    const char *kernel;    /* NULL: by the helper */
    const char *options;   /* besides read-only; NULL for none */
    const char *no_replay; /* … without a look at the journal; NULL: nothing is ever replayed */
    const char *const *helper; /* argv of the program that serves it, NULL: the kernel does */
    int replay_errno; /* a mount that would have to replay, and cannot write, fails so; 0: EROFS */
    bool writable;    /* its figures are right only where it can be written */
    bool fragile;     /* its driver is unmaintained or easily crashed: not beside other guests */
    const char *or_else; /* options that are tried where `options` do not fit; NULL: none */
};

/* What becomes of the journal. */
enum mount_journal {
    MOUNT_REPLAY, /* the driver looks at it, and replays what has to be */
    MOUNT_AS_IS,  /* it is left alone */
    /* As MOUNT_REPLAY, and the mount is not read-only: Linux 6.1 does not replay the fast commits
     * of an ext4 otherwise ("error loading journal"). Only on a view. */
    MOUNT_WRITABLE
};

/* How to mount a type; NULL: it is not supported. */
const struct mount_type *mount_type_find(const char *type);

struct mount_outcome {
    enum status status;
    bool mounted; /* usage means something; a status that is not STATUS_OK says what is missing */
    bool must_replay; /* not mounted: the journal has to be replayed, and the device cannot be
                         written */
    bool clean;       /* these two: recovery-view.h */
    enum recovery recovered;
    struct usage usage;
    char message[VOLUME_MESSAGE_MAX];
};

/* What is done with a filesystem while it is mounted. */
struct mount_visitor {
    void (*visit)(void *owner, int directory); /* its topmost one; NULL: nothing is looked at */
    void *owner;
    bool leave; /* it is not unmounted: the appliance ends */
};

/* Operations of the appliance; on a host nothing may be mounted, so tests have a stand-in. */
struct mount_ops {
    void (*measure)(const char *node, const struct mount_type *how, enum mount_journal journal,
                    const char *options, const struct mount_visitor *visitor,
                    struct mount_outcome *outcome);
};

extern const struct mount_ops mount_ops_kernel;
/* Mounts nothing: it pretends a filesystem as large as the volume, in blocks of 1024 bytes, a
 * quarter of them free. It tests the protocol, not mounting. */
extern const struct mount_ops mount_ops_pretend;

/* Where volumes are mounted, one at a time. */
#define MOUNT_POINT NTFS_LINK_MOUNTED

/* Mounts a volume at MOUNT_POINT, with additional options ("": none). false: the reason is in
 * *outcome. In either case call btrfs_forget() for a btrfs when it is no longer mounted. */
bool mount_volume(const char *node, const struct mount_type *how, enum mount_journal journal,
                  const char *more, struct mount_outcome *outcome);

#endif
