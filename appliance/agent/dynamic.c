/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dynamic.h"

#include <string.h>
#include <unistd.h>

/* Linux, block/partitions/ldm.h: OFF_PRIV1. The others are relative to the database's end, and the
 * last one is its last sector. */
#define PRIVHEAD_SECTOR 6
#define SECTOR 512

static bool has_privhead(int fd, uint64_t offset)
{
    static const char magic[] = {'P', 'R', 'I', 'V', 'H', 'E', 'A', 'D'};
    char bytes[sizeof magic];

    return pread(fd, bytes, sizeof bytes, (off_t)offset) == (ssize_t)sizeof bytes &&
           memcmp(bytes, magic, sizeof magic) == 0;
}

bool dynamic_is_disk(int fd)
{
    return has_privhead(fd, (uint64_t)PRIVHEAD_SECTOR * SECTOR);
}

bool dynamic_is_database(int fd, uint64_t size)
{
    return size >= SECTOR && has_privhead(fd, size - SECTOR);
}
