/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As whom the risky parts run. An ordinary user's run as that user. Root's run as somebody with no
 * rights: the worker that speaks to libvirt and to the agent, and QEMU, its child. */
#ifndef VLT_SANDBOX_H
#define VLT_SANDBOX_H

#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

struct sandbox {
    bool drop; /* we are root, and these are somebody else */
    uid_t uid;
    gid_t gid;
};

/* For root: the user virt-live-tools where an administrator has made one, else nobody. Not
 * libvirt-qemu: the images of the host's own guests belong to that one. 0; -1 and *err when there
 * is none of them. */
int sandbox_choose(struct sandbox *box, error **err);

/* Becomes that user, for good: no other groups than that of /dev/kvm, no new privileges, no core
 * dumps. 0 or -1 and *err. */
int sandbox_enter(const struct sandbox *box, error **err);

/* Whether the sandboxed user can read the file, going by permission bits along the path. */
bool sandbox_can_read(const struct sandbox *box, const char *path);

/* The same for going into a directory. */
bool sandbox_can_enter(const struct sandbox *box, const char *path);

#endif
