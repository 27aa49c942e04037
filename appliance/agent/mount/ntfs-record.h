/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record of an NTFS's $MFT, which is a file: what stat(2) says of it. Pure. */
#ifndef VLT_AGENT_NTFS_RECORD_H
#define VLT_AGENT_NTFS_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Bytes of a record: a power of 2 between these. */
#define NTFS_RECORD_MIN 512
#define NTFS_RECORD_MAX 4096

/* The size that the first record of all says that they have; 0: it is none. Reads NTFS_RECORD_MIN
 * bytes. */
uint32_t ntfs_record_size(const unsigned char *record);

/* Changes the record, of `size` bytes, back to what it was before its sectors were marked. Fills in
 * the size, blocks, links and times of *status. false: it is torn, not in use, not one record, not
 * a regular file of a usual kind, or does not say that it has that name in the directory of that
 * number. */
bool ntfs_record_stat(unsigned char *record, uint32_t size, uint64_t directory, const char *name,
                      struct statx *status);

#endif
