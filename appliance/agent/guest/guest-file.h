/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small file of the guest's own, such as /etc/fstab. */
#ifndef VLT_AGENT_GUEST_FILE_H
#define VLT_AGENT_GUEST_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* As much of it as `max` bytes and one more, in *text, which the caller frees. Links are followed
 * within `root`. Its length, or -errno: -EINVAL where it is no regular file. */
ssize_t guest_file_read(int root, const char *path, size_t max, char **text);

#endif
