/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files of the kernel's (sysfs, proc). */
#ifndef VLT_AGENT_SYSFS_H
#define VLT_AGENT_SYSFS_H

#include <stddef.h>

/* One of them whole, as a string without the spaces and newlines at its end; the path is relative
 * to the directory, or absolute. Its length, or -errno. */
int sysfs_read(int directory, const char *path, char *text, size_t size);

#endif
