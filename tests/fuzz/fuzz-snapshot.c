/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_snapshot_select() on any file that passes for a qcow2. clang -fsanitize=fuzzer, or with
 * replay.c. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "image/image-snapshot.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What QEMU is told to read is in the file, or in the header of our own. */
static void check_parts(const struct image_chain *chain)
{
    uint64_t total = 0;
    if (chain->count == 0 || chain->count > IMAGE_CHAIN_MAX)
        abort();
    for (size_t i = 0; i < chain->count; i++) {
        const struct image_layer *layer = &chain->layers[i];
        if (layer->role != IMAGE_ROLE_EXTENT)
            continue;
        off_t end = lseek(layer->fd, 0, SEEK_END);
        if (end < 0 || layer->offset > (uint64_t)end ||
            __builtin_add_overflow(total, layer->size, &total))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    AUTO_ERROR error *err = NULL;

    if (fd < 0)
        fd = memfd_create("image", MFD_CLOEXEC);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (image_chain_open(path, IMAGE_QCOW2, 512, BACKING_DENY, &chain, NULL) < 0)
        return 0;
    int result = image_snapshot_select(chain, "one", 512, &err);
    if ((result < 0) != (err != NULL) || (result < 0 && !*error_message(err)))
        abort();
    if (result == 0)
        check_parts(chain);
    return 0;
}
