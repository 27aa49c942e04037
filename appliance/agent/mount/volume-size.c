/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-size.h"

#include <errno.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int volume_size_read(int fd, uint64_t *size)
{
    struct stat status;
    if (ioctl(fd, BLKGETSIZE64, size) == 0)
        return 0;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -ENOTBLK;
    *size = (uint64_t)status.st_size;
    return 0;
}

/* The kernel makes it 1 KiB, or one block where that is more. */
bool volume_size_is_container(int fd, uint64_t size)
{
    int block = 512;
    if (size > 4096)
        return false;
    ioctl(fd, BLKSSZGET, &block);
    return size <= 1024 || size <= (uint64_t)block;
}
