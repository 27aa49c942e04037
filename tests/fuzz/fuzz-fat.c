/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fat_inodes_stat() on any device. clang -fsanitize=fuzzer, or with replay.c. */
#include "agent/mount/fat-inodes.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"SHORT.TXT", "lower.txt", "a long name", "inner"};
    static const uint64_t directories[] = {1, 0, 2, 100, 1000, UINT64_MAX};
    char node[32];
    struct statx status;
    AUTO_FD int fd = memfd_create("fat", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(node, sizeof node, "/proc/self/fd/%d", fd);
    AUTO_FAT_INODES fat_inodes *self = fat_inodes_open(node);
    for (size_t i = 0; self && i < sizeof directories / sizeof *directories; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            const struct device_inodes_file file = {
                .directory = directories[i], .at = -1, .name = names[j], .regular = true};
            /* An owner is learnt of no file here, so it is left to the kernel. */
            if (fat_inodes_stat(self, &file, &status))
                abort();
        }
    return 0;
}
