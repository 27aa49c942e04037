/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host libvirt is on, by its URI (https://libvirt.org/uri.html). Pure. */
#ifndef VLT_HYPERVISOR_HOST_H
#define VLT_HYPERVISOR_HOST_H

#include "base/error.h"
#include <stdbool.h>

/* "localhost", 127.0.0.0/8, ::1 */
bool hypervisor_host_is_loopback(const char *host);

/* The host that the URI names, which is another one than ours, as far as names tell: `own` is our
 * own name, with or without a domain. New memory in *host; NULL: it is ours. 0; -1 and *err: no
 * memory. */
int hypervisor_host_elsewhere(const char *uri, const char *own, char **host, error **err);

#endif
