/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cyclic checksums: against accidents, not attackers.
 *
 * struct crc32 is the checksum of cksum(1): POSIX's CRC-32, most significant bit first, with the
 * length behind the data. Libraries have the other CRC-32 (zlib's, reflected, without length). */
#ifndef VLT_AGENT_CRC32_H
#define VLT_AGENT_CRC32_H

#include <stddef.h>
#include <stdint.h>

struct crc32 {
    uint32_t value;
    uint64_t length;
};

void crc32_begin(struct crc32 *self);
void crc32_update(struct crc32 *self, const unsigned char *bytes, size_t length);
/* Adds `length` zero bytes, in time proportional to the logarithm of length. */
void crc32_zeros(struct crc32 *self, uint64_t length);
/* 4 bytes, most significant first: returns 4. */
size_t crc32_finish(struct crc32 *self, unsigned char value[4]);

/* CRC-32C (ext4, xfs, iSCSI), as the kernel's crc32c(): `value` and the result are not inverted. */
uint32_t crc32_castagnoli(uint32_t value, const unsigned char *bytes, size_t length);

#endif
