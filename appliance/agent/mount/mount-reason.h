/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a mount failed: of all that the kernel or a helper said of it, the line that says why. */
#ifndef VLT_AGENT_MOUNT_REASON_H
#define VLT_AGENT_MOUNT_REASON_H

#include <stdbool.h>
#include <stddef.h>

#define MOUNT_REASON_MAX 160

/* The best line so far. All zero: none. */
struct mount_reason {
    char text[MOUNT_REASON_MAX];
    int rank;          /* of the line: lower is better */
    bool unsupported;  /* nothing is damaged: this kernel cannot read it */
    const char *takes; /* … and what can; "" where that is not known; NULL: not unsupported */
    bool disk_failed;  /* a read of a disk failed, or so much is logged that it may have */
    bool beyond;       /* a read was behind the end of the device: no disk's fault */
};

/* A line of the kernel's log about that device, or about a filesystem of that kind (the kernel's
 * name). Some filesystems name themselves instead of the device; that is unambiguous, because one
 * is mounted at a time. Lines about other disks, which are attached meanwhile, are skipped. `level`
 * is kernel_log_next()'s. */
void mount_reason_hear(struct mount_reason *self, const char *fstype, const char *device, int level,
                       const char *line);

/* A line that a filesystem's driver told its caller: "e why" (mount_api.rst). */
void mount_reason_hear_driver(struct mount_reason *self, const char *fstype, const char *line);

/* All that a helper printed; `node` is left out of it. */
void mount_reason_hear_helper(struct mount_reason *self, const char *printed, const char *node);

/* Whether what the driver calls an I/O error is none: it was led astray by what it read. */
bool mount_reason_is_damage(const struct mount_reason *self);

/* Whether a line was heard that is more than information. */
bool mount_reason_is_known(const struct mount_reason *self);

#endif
