/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The size of a volume. */
#ifndef VLT_AGENT_VOLUME_SIZE_H
#define VLT_AGENT_VOLUME_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* The size in bytes of an open device, or of a test's image file. 0 or -errno. */
int volume_size_read(int fd, uint64_t *size);
/* Whether the partition is an extended one, which only contains others. */
bool volume_size_is_container(int fd, uint64_t size);

#endif
