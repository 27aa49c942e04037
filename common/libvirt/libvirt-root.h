/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory that an embedded libvirt works in: its configuration, and an environment that keeps
 * it there. Includes nothing of libvirt's. */
#ifndef VLT_LIBVIRT_ROOT_H
#define VLT_LIBVIRT_ROOT_H

#include "base/error.h"
#include <sys/types.h>

/* Makes it (0700, if it does not exist) and points this process's HOME, XDG_… and libvirt's log
 * into it. To be called before libvirt is initialised. 0 or -1 and *err. */
int libvirt_root_make(const char *root, error **err);

/* The file in which libvirt has the process id of the only domain there, DOMAIN_XML_NAME, whose
 * QEMU holds a lock on it. New memory, or NULL: no memory. */
char *libvirt_root_pid_path(const char *root);

/* The socket of our own monitor of that domain's QEMU. New memory, or NULL: no memory. */
char *libvirt_root_monitor_path(const char *root);

/* As hypervisor_driver.find_process(). */
pid_t libvirt_root_find_process(const char *root);

/* The longest path that libvirt makes for a socket there, after the root's own: that of the
 * monitor, with room for a domain's number that is larger. */
#define LIBVIRT_ROOT_SOCKET_ROOM (sizeof "/lib/qemu/domain-1-appliance/monitor.sock" - 1 + 6)

/* qemu:///embed?root=…; new memory, or NULL: no memory. */
char *libvirt_root_uri(const char *root);

#endif
