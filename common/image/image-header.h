/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first bytes of an image, read with their bounds checked. Private to image*.c. */
#ifndef VLT_IMAGE_HEADER_H
#define VLT_IMAGE_HEADER_H

#include "image-probe.h"
#include <endian.h>
#include <string.h>

struct header {
    const uint8_t *bytes;
    size_t length;      /* of bytes */
    uint64_t file_size; /* ≥ length */
};

/* Whether the `size` bytes from offset on are among those that were read. */
static inline bool image_header_has(const struct header *header, uint64_t offset, uint64_t size)
{
    return offset <= header->length && size <= header->length - offset;
}

/* Numbers in these headers are not aligned. A number beyond the bytes that were read is 0: parsers
 * call image_header_require() first, and a forgotten call must not become a read overrun. */
static inline uint64_t image_header_le64(const struct header *header, uint64_t offset)
{
    uint64_t value = 0;
    if (image_header_has(header, offset, sizeof value))
        memcpy(&value, header->bytes + offset, sizeof value);
    return le64toh(value);
}

static inline uint32_t image_header_le32(const struct header *header, uint64_t offset)
{
    uint32_t value = 0;
    if (image_header_has(header, offset, sizeof value))
        memcpy(&value, header->bytes + offset, sizeof value);
    return le32toh(value);
}

static inline uint64_t image_header_be64(const struct header *header, uint64_t offset)
{
    return htobe64(htole64(image_header_le64(header, offset)));
}

static inline uint32_t image_header_be32(const struct header *header, uint64_t offset)
{
    return htobe32(htole32(image_header_le32(header, offset)));
}

static inline bool image_header_is(const struct header *header, uint64_t offset, const void *bytes,
                                   size_t size)
{
    return image_header_has(header, offset, size) &&
           memcmp(header->bytes + offset, bytes, size) == 0;
}

/* 0 if the first `size` bytes were read; else -1 with ERROR_CORRUPT "truncated: …". */
int image_header_require(const struct header *header, size_t size, const char *format_name,
                         error **err);

/* The name of another file, from bytes that must have been read; refuses a NUL in it. */
int image_header_name(const struct header *header, uint64_t offset, uint64_t size, const char *what,
                      char **name, error **err);

/* What QEMU may keep of an image's tables in memory. A VDI of 16 TiB has a map of 64 MiB. */
#define IMAGE_TABLES_MAX (64 << 20)

/* Whether the tables that the header tells of are in the file, and no larger. -1 and *err:
 * ERROR_CORRUPT, ERROR_REFUSED. Not all of them are seen: what a stream has at its end is not. */
int image_tables_check(const struct header *header, enum image_format format, error **err);

int image_probe_qcow2(const struct header *header, struct image_info *info, error **err);
/* Version 1 of it. */
bool image_is_qcow(const struct header *header);
int image_probe_qcow(const struct header *header, struct image_info *info, error **err);
int image_probe_qed(const struct header *header, struct image_info *info, error **err);
int image_probe_vmdk(const struct header *header, struct image_info *info, error **err);
/* Whether it is text that QEMU takes for a descriptor. */
bool image_vmdk_is_descriptor(const struct header *header);
/* Of a vmdk that is a descriptor: its extents and the disk's size, their sum. */
int image_probe_extents(const struct header *header, struct image_info *info, error **err);

#endif
