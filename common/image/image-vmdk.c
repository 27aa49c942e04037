/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: VMware, Virtual Disk Format 5.0; where that leaves a choice, QEMU's block/vmdk.c. */
#define _GNU_SOURCE 1 /* memmem */
#include "image-header.h"

#include <inttypes.h>
#include <strings.h>

#define SECTOR 512

/* "Hosted Sparse Extent Header", little-endian. */
enum {
    VMDK4_VERSION = 4,
    VMDK4_CAPACITY = 12,    /* sectors */
    VMDK4_DESC_OFFSET = 28, /* sectors; 0: no embedded descriptor */
    VMDK4_LENGTH = 79,
};

/* "ESX Server Sparse Extent Header". */
enum {
    COWD_DISK_SECTORS = 12,
    COWD_LENGTH = 44,
};

/* How much of a descriptor QEMU reads: DESC_SIZE in block/vmdk.c. */
#define DESCRIPTOR_MAX (20 * SECTOR)

static const char usual_start[] = "# Disk DescriptorFile";
static const char parent_key[] = "parentFileNameHint";

/* The parent's name in a descriptor (`parentFileNameHint="…"`), as QEMU finds it. */
static int parent_name(const struct header *header, uint64_t start, uint64_t size,
                       struct image_info *info, error **err)
{
    const uint8_t *descriptor = header->bytes + start;
    const uint8_t *end = memchr(descriptor, '\0', size);
    if (!end)
        end = descriptor + size;

    const uint8_t *key =
        memmem(descriptor, (size_t)(end - descriptor), parent_key, sizeof parent_key - 1);
    if (!key)
        return 0;
    const uint8_t *open = memchr(key, '"', (size_t)(end - key));
    const uint8_t *close = open ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;
    if (!close || close == open + 1)
        return error_set(err, ERROR_CORRUPT, "its descriptor names no parent after %s", parent_key);
    info->backing_format = IMAGE_VMDK;
    return image_header_name(header, (uint64_t)(open + 1 - header->bytes),
                             (uint64_t)(close - open - 1), "its parent", &info->backing, err);
}

static int vmdk4(const struct header *header, struct image_info *info, error **err)
{
    uint64_t capacity = image_header_le64(header, VMDK4_CAPACITY);
    uint64_t sector = image_header_le64(header, VMDK4_DESC_OFFSET);
    uint64_t descriptor;

    if (image_header_require(header, VMDK4_LENGTH, "VMDK", err) < 0)
        return -1;
    if (__builtin_mul_overflow(capacity, SECTOR, &info->virtual_size))
        return error_set(err, ERROR_CORRUPT, "it claims %" PRIu64 " sectors", capacity);
    if (sector == 0)
        return 0;
    /* Then QEMU opens the extents that the descriptor names, as for a descriptor of its own. */
    if (capacity == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "a VMDK without data of its own whose descriptor is inside; "
                         "qemu-img convert makes it one image");
    if (__builtin_mul_overflow(sector, SECTOR, &descriptor) || descriptor >= header->file_size)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: its descriptor is at sector %" PRIu64 ", the file has %" PRIu64
                         " bytes",
                         sector, header->file_size);
    uint64_t size = header->file_size - descriptor;
    if (size > DESCRIPTOR_MAX)
        size = DESCRIPTOR_MAX;
    if (!image_header_has(header, descriptor, size))
        return error_set(err, ERROR_UNSUPPORTED, "its descriptor lies beyond the first %zu bytes",
                         header->length);
    return parent_name(header, descriptor, size, info, err);
}

/* What is left of the text from `at` on, without its blank lines and comments. */
static const char *first_line(const char *at, const char *end)
{
    for (;;) {
        const char *start = at;
        while (at < end && strchr(" \t\r\n", *at) && *at)
            at++;
        if (at == end || *at != '#')
            return at == end ? start : at;
        while (at < end && *at != '\n')
            at++;
    }
}

/* vmdk_probe() of QEMU: "version=" comes first, but for blank lines and comments, whatever these
 * say. VMware's products are not particular about white space and case. */
bool image_vmdk_is_descriptor(const struct header *header)
{
    static const char key[] = "version";
    const char *end = (const char *)header->bytes + header->length;
    const char *at = first_line((const char *)header->bytes, end);
    const size_t length = sizeof key - 1;

    if (image_header_is(header, 0, usual_start, sizeof usual_start - 1))
        return true;
    if ((size_t)(end - at) < length || strncasecmp(at, key, length) != 0)
        return false;
    for (at += length; at < end && (*at == ' ' || *at == '\t');)
        at++;
    if (at == end || *at++ != '=')
        return false;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at < end && *at >= '1' && *at <= '4';
}

int image_probe_vmdk(const struct header *header, struct image_info *info, error **err)
{
    if (image_header_is(header, 0, "KDMV", 4))
        return vmdk4(header, info, err);
    if (image_header_is(header, 0, "COWD", 4)) {
        info->virtual_size = (uint64_t)image_header_le32(header, COWD_DISK_SECTORS) * SECTOR;
        return image_header_require(header, COWD_LENGTH, "VMDK", err);
    }
    if (!image_vmdk_is_descriptor(header))
        return error_set(err, ERROR_CORRUPT,
                         "it starts with neither a VMDK header nor a descriptor");
    if (header->file_size > header->length)
        return error_set(err, ERROR_UNSUPPORTED, "a VMDK descriptor of more than %zu bytes",
                         header->length);
    return parent_name(header, 0, header->length, info, err) < 0
               ? -1
               : image_probe_extents(header, info, err);
}
