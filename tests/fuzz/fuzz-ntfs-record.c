/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ntfs_record_stat() on any record. clang -fsanitize=fuzzer, or with replay.c. */
#include "agent/mount/ntfs-record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct statx status;
    for (uint32_t room = NTFS_RECORD_MIN; room <= NTFS_RECORD_MAX; room *= 2) {
        unsigned char *record = calloc(1, room); /* exactly what it is promised */
        if (!record)
            abort();
        memcpy(record, data, size < room ? size : room);
        uint32_t says = ntfs_record_size(record);
        if (says != 0 && (says < NTFS_RECORD_MIN || says > NTFS_RECORD_MAX))
            abort();
        memset(&status, 0, sizeof status);
        if (ntfs_record_stat(record, room, 65, "file-07.txt", &status) &&
            status.stx_size > INT64_MAX)
            abort();
        free(record);
    }
    return 0;
}
