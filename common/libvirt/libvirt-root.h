/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory that an embedded libvirt works in: its configuration, and an environment that keeps
 * it there. Includes nothing of libvirt's. */
#ifndef VLT_LIBVIRT_ROOT_H
#define VLT_LIBVIRT_ROOT_H

#include "base/error.h"

/* Makes it (0700, if it is not there) and points this process's HOME, XDG_… and libvirt's log into
 * it: before libvirt is initialised. 0 or -1 and *err. */
int libvirt_root_make(const char *root, error **err);

/* qemu:///embed?root=…; new memory, or NULL: no memory. */
char *libvirt_root_uri(const char *root);

#endif
