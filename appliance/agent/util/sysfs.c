/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sysfs.h"
#include "base/cleanup.h"
#include <fcntl.h>

int sysfs_read(int directory, const char *path, char *text, size_t size)
{
    AUTO_FD int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, text, size - 1);
    if (count < 0)
        return -errno;
    while (count > 0 && (text[count - 1] == ' ' || text[count - 1] == '\n'))
        count--;
    text[count] = '\0';
    return (int)count;
}
