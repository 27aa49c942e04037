/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes rights from this process and all that it starts, by Landlock. For root's QEMU it is a
 * second fence; where an ordinary user runs QEMU, it is the only one around that user's own files.
 */
#ifndef VLT_LANDLOCK_H
#define VLT_LANDLOCK_H

#include "base/error.h"
#include <stdbool.h>

/* From here on this process writes, makes and removes files only below these paths (files or
 * directories; a NULL ends them), and writes to /dev/null, /dev/kvm and their like. It binds and
 * connects to no TCP port, and reaches no process outside by a signal, an abstract socket or a
 * socket with a path. It may read, and use descriptors that are open, as before. Needs no_new_privs
 * (sandbox_enter()). Linux 5.13 brought Landlock, 6.7 its network rules, 6.10 ioctls of devices,
 * 6.12 signals and abstract sockets, ABI 9 sockets with a path: whatever the kernel has is used. 1:
 * confined; 0: the kernel has no Landlock; -1 and *err. */
int landlock_restrict(const char *const *writable, error **err);

/* Whether there is any: the kernel may have none, or a container's filter of system calls refuse
 * it. */
bool landlock_available(void);

#endif
