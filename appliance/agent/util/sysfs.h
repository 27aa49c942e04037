/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files of sysfs and proc. */
#ifndef VLT_AGENT_SYSFS_H
#define VLT_AGENT_SYSFS_H

#include <stddef.h>

/* Reads a whole file as a string, without trailing spaces and newlines. The path is relative to the
 * directory, or absolute. Its length, or -errno. */
int sysfs_read(int directory, const char *path, char *text, size_t size);

#endif
