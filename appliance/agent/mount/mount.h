/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting a volume read-only, asking how full it is, unmounting it. */
#ifndef VLT_AGENT_MOUNT_H
#define VLT_AGENT_MOUNT_H

#include "filesystem-probe.h"
#include "kernel-modules.h"
#include "wire/protocol.h"
#include <stdbool.h>

/* How a filesystem is mounted. `type` is libblkid's name, `kernel` the kernel's. */
struct mount_type {
    const char *type;
    const char *kernel;        /* NULL: by the helper */
    const char *options;       /* besides read-only; NULL for none */
    const char *no_replay;     /* … for a journal that must not be replayed; NULL: never needed */
    const char *const *helper; /* argv of the program that serves it, NULL: the kernel does */
    /* Whether the journal needs a replay, where that can be read without mounting: 1, 0 or -errno.
     * The journal is not replayed in either case. NULL: the journal needs one if a mount fails with
     * replay_errno. */
    int (*needs_replay)(int fd);
    int replay_errno; /* 0: EROFS */
};

/* How to mount a type; NULL: it is not supported. */
const struct mount_type *mount_type_find(const char *type);

struct mount_outcome {
    enum status status; /* STATUS_OK: usage and clean are valid */
    bool clean;
    struct usage usage;
    char message[VOLUME_MESSAGE_MAX];
};

/* Operations of the appliance; on a host nothing may be mounted, so tests have a stand-in. */
struct mount_ops {
    void (*measure)(const char *node, int fd, const struct mount_type *how,
                    struct mount_outcome *outcome);
};

extern const struct mount_ops mount_ops_kernel;
/* Mounts nothing: it pretends a filesystem as large as the volume, in blocks of 1024 bytes, a
 * quarter of them free. It tests the protocol, not mounting. */
extern const struct mount_ops mount_ops_pretend;

/* Where volumes are mounted, one at a time. */
#define MOUNT_POINT "/run/volume"

/* Mounts a volume at MOUNT_POINT, with additional options ("": none). false: the reason is in
 * *outcome. In either case call btrfs_forget() for a btrfs when it is no longer mounted. */
bool mount_volume(const char *node, int fd, const struct mount_type *how, const char *more,
                  struct mount_outcome *outcome);

#endif
