/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-file.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

ssize_t guest_file_read(int root, const char *path, size_t max, char **text)
{
    struct stat status;
    size_t length = 0;
    AUTO_FD int fd = safe_open_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fd;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return -EINVAL;
    *text = malloc(max + 1);
    if (!*text)
        return -ENOMEM;
    while (length <= max) {
        ssize_t got = read(fd, *text + length, max + 1 - length);
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}
