/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_tar_find() on anything. clang -fsanitize=fuzzer, or with replay.c. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "image/image-tar.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct image_tar_disk disk = {0};
    AUTO_ERROR error *err = NULL;

    if (fd < 0)
        fd = memfd_create("archive", MFD_CLOEXEC);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    int result = image_tar_find(fd, size, &disk, &err);
    if ((result < 0) != (err != NULL))
        abort();
    if (result == 0 && (disk.offset > size || disk.size > size - disk.offset))
        abort();
    return 0;
}
