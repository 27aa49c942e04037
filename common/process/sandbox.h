/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user that the risky parts run as: the worker, which speaks to libvirt and to the agent, and
 * QEMU, its child. For an ordinary user it is that user; for root it is a user without rights. */
#ifndef VLT_SANDBOX_H
#define VLT_SANDBOX_H

#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

struct sandbox {
    bool drop; /* we are root, and uid and gid are another user's */
    uid_t uid;
    gid_t gid;
    /* We have uid 0 and cannot become another user (a container, a user namespace): it works as for
     * an ordinary user, who has the number `name` in a user namespace of its own. */
    bool renamed;
    uid_t name;
    /* An emulated machine (TCG) is not for /dev/kvm: another user does not get its group. */
    bool without_kvm;
};

/* For root: the user virt-live-tools where an administrator has made one, else nobody. Not
 * libvirt-qemu: the images of the host's own guests belong to that one. 0; -1 and *err when neither
 * exists. */
int sandbox_choose(struct sandbox *box, error **err);

/* For root, and before sandbox_enter(): a network namespace of its own, with nothing in it. Who may
 * not make one (root without capabilities) keeps the host's network, as an ordinary user does. */
void sandbox_leave_network(const struct sandbox *box);
bool sandbox_has_no_network(void); /* this process: that was done, and worked */

/* Becomes that user for good, with no other group than that of /dev/kvm (unless without_kvm), no
 * new privileges, no core dumps, and no pushing of characters into a terminal. 0 or -1 and *err. */
int sandbox_enter(const struct sandbox *box, error **err);

/* Whether the permission bits along the path let the sandboxed user read the file. */
bool sandbox_can_read(const struct sandbox *box, const char *path);

/* The same for entering a directory. */
bool sandbox_can_enter(const struct sandbox *box, const char *path);

#endif
