/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats by name and by signature, and the headers that take a few lines. */
#include "image-header.h"
#include "image-package.h"

#include <inttypes.h>

/* QEMU, qapi/block-core.json: BlockdevDriver. */
static const char *const format_names[IMAGE_FORMAT_COUNT] = {
    [IMAGE_DETECT] = "auto", [IMAGE_RAW] = "raw",   [IMAGE_QCOW2] = "qcow2",
    [IMAGE_QED] = "qed",     [IMAGE_VMDK] = "vmdk", [IMAGE_VDI] = "vdi",
    [IMAGE_VHDX] = "vhdx",   [IMAGE_VPC] = "vpc",   [IMAGE_PARALLELS] = "parallels",
    [IMAGE_QCOW] = "qcow",
};

const char *image_format_name(enum image_format format)
{
    size_t index = (size_t)format; /* the value may have come over the wire */
    return index < IMAGE_FORMAT_COUNT ? format_names[index] : "unknown";
}

enum image_format image_format_from_name(const char *name)
{
    for (int format = IMAGE_RAW; format < IMAGE_FORMAT_COUNT; format++)
        if (strcmp(name, format_names[format]) == 0)
            return (enum image_format)format;
    return IMAGE_DETECT;
}

void image_info_clear(struct image_info *info)
{
    free(info->backing);
    free(info->data_file);
    for (size_t i = 0; i < info->extent_count; i++)
        free(info->extents[i].name);
    free(info->extents);
    memset(info, 0, sizeof *info);
}

int image_header_require(const struct header *header, size_t size, const char *format_name,
                         error **err)
{
    if (image_header_has(header, 0, size))
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "truncated: a %s header has %zu bytes, of which there are %zu", format_name,
                     size, header->length);
}

int image_header_name(const struct header *header, uint64_t offset, uint64_t size, const char *what,
                      char **name, error **err)
{
    if (!image_header_has(header, offset, size))
        return error_set(err, ERROR_UNSUPPORTED, "the name of %s lies beyond the first %zu bytes",
                         what, header->length);
    if (memchr(header->bytes + offset, '\0', size))
        return error_set(err, ERROR_CORRUPT, "the name of %s has a NUL byte in it", what);
    *name = strndup((const char *)header->bytes + offset, size);
    return *name ? 0 : error_no_memory(err);
}

/* VirtualBox, src/VBox/Storage/VDICore.h: VDIPREHEADER and VDIHEADER1PLUS. */
#define VDI_SIGNATURE_OFFSET 64
#define VDI_SIGNATURE 0xbeda107f
#define VDI_VERSION_OFFSET 68
#define VDI_VERSION_1_1 0x00010001
#define VDI_DISK_SIZE_OFFSET 368
#define VDI_UUID_LINK_OFFSET 424 /* this and the next one: 0 but in a differencing image */
#define VDI_UUID_PARENT_OFFSET 440
#define VDI_HEADER_SIZE 456

static int probe_vdi(const struct header *header, struct image_info *info, error **err)
{
    static const uint8_t no_uuid[32];
    uint32_t version = image_header_le32(header, VDI_VERSION_OFFSET);

    if (image_header_require(header, VDI_HEADER_SIZE, "VDI", err) < 0)
        return -1;
    if (image_header_le32(header, VDI_SIGNATURE_OFFSET) != VDI_SIGNATURE)
        return error_set(err, ERROR_CORRUPT, "it has no VDI signature");
    if (version != VDI_VERSION_1_1)
        return error_set(err, ERROR_UNSUPPORTED, "VDI version %u.%u", version >> 16,
                         version & 0xffff);
    if (!image_header_is(header, VDI_UUID_LINK_OFFSET, no_uuid, sizeof no_uuid))
        return error_set(err, ERROR_UNSUPPORTED,
                         "a differencing VDI image: it needs its parent, which it does not name");
    info->virtual_size = image_header_le64(header, VDI_DISK_SIZE_OFFSET);
    return 0;
}

/* [MS-VHDX] 2.2.1, File Type Identifier. The size and a parent stand in the metadata region, whose
 * place the region table at 192 KiB tells (2.2.3); QEMU refuses differencing images itself. */
static int probe_vhdx(const struct header *header, error **err)
{
    if (image_header_require(header, 8, "VHDX", err) < 0)
        return -1;
    if (!image_header_is(header, 0, "vhdxfile", 8))
        return error_set(err, ERROR_CORRUPT, "it has no VHDX signature");
    return 0;
}

/* Microsoft, Virtual Hard Disk Image Format Specification, "Hard Disk Footer Format". */
#define VPC_FOOTER_SIZE 512
#define VPC_CURRENT_SIZE_OFFSET 48
#define VPC_TYPE_OFFSET 60
#define VPC_TYPE_DIFFERENCING 4

static int probe_vpc(const struct header *header, struct image_info *info, error **err)
{
    if (image_header_require(header, VPC_FOOTER_SIZE, "VPC", err) < 0)
        return -1;
    if (!image_header_is(header, 0, "conectix", 8))
        return 0; /* fixed, if anything: QEMU looks at its end */
    if (image_header_be32(header, VPC_TYPE_OFFSET) == VPC_TYPE_DIFFERENCING)
        return error_set(err, ERROR_UNSUPPORTED,
                         "a differencing VHD image: it needs its parent, which is not followed");
    /* Not its geometry, which is rounded down: QEMU is told to do the same (qmp-blockdev.c). */
    info->virtual_size = image_header_be64(header, VPC_CURRENT_SIZE_OFFSET);
    return 0;
}

/* QEMU, docs/interop/parallels.txt; little-endian. */
#define PARALLELS_MAGIC "WithoutFreeSpace"     /* sizes of 32 bits */
#define PARALLELS_MAGIC_EXT "WithouFreSpacExt" /* … of 64 */
#define PARALLELS_VERSION_OFFSET 16
#define PARALLELS_VERSION 2
#define PARALLELS_SECTORS_OFFSET 36
#define PARALLELS_EXTENSION_OFFSET 56 /* in sectors; 0: it has none */
#define PARALLELS_HEADER_SIZE 64

static int probe_parallels(const struct header *header, struct image_info *info, error **err)
{
    bool ext = image_header_is(header, 0, PARALLELS_MAGIC_EXT, 16);
    uint32_t version = image_header_le32(header, PARALLELS_VERSION_OFFSET);
    uint64_t sectors = image_header_le64(header, PARALLELS_SECTORS_OFFSET);

    if (image_header_require(header, PARALLELS_HEADER_SIZE, "Parallels", err) < 0)
        return -1;
    if (!ext && !image_header_is(header, 0, PARALLELS_MAGIC, 16))
        return error_set(err, ERROR_CORRUPT, "it has no Parallels signature");
    if (version != PARALLELS_VERSION)
        return error_set(err, ERROR_UNSUPPORTED, "Parallels version %" PRIu32, version);
    if (!ext)
        sectors &= UINT32_MAX;
    if (__builtin_mul_overflow(sectors, 512, &info->virtual_size))
        return error_set(err, ERROR_CORRUPT, "it claims %" PRIu64 " sectors", sectors);
    /* QEMU 7.2 aborts where the offset in bytes is above INT64_MAX. */
    if (image_header_le64(header, PARALLELS_EXTENSION_OFFSET) > header->file_size / 512)
        return error_set(err, ERROR_CORRUPT,
                         "its header claims an extension beyond the file's end");
    return 0;
}

static enum image_format detect(const struct header *header)
{
    static const struct {
        enum image_format format;
        uint64_t offset;
        const char *bytes;
        size_t size;
    } signatures[] = {
        {IMAGE_QCOW2, 0, "QFI\xfb", 4},
        {IMAGE_QED, 0, "QED\0", 4},
        {IMAGE_VMDK, 0, "KDMV", 4},
        {IMAGE_VMDK, 0, "COWD", 4},
        {IMAGE_VHDX, 0, "vhdxfile", 8},
        {IMAGE_VPC, 0, "conectix", 8},
        {IMAGE_VDI, VDI_SIGNATURE_OFFSET, "\x7f\x10\xda\xbe", 4},
        {IMAGE_PARALLELS, 0, PARALLELS_MAGIC, 16},
        {IMAGE_PARALLELS, 0, PARALLELS_MAGIC_EXT, 16},
    };

    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
        if (image_header_is(header, signatures[i].offset, signatures[i].bytes, signatures[i].size))
            return signatures[i].format;
    return image_vmdk_is_descriptor(header) ? IMAGE_VMDK : IMAGE_RAW;
}

static int probe_as(const struct header *header, struct image_info *info, error **err)
{
    switch (info->format) {
    case IMAGE_RAW:
        info->virtual_size = header->file_size;
        return 0;
    case IMAGE_QCOW2:
        return image_probe_qcow2(header, info, err);
    case IMAGE_QCOW:
        return image_probe_qcow(header, info, err);
    case IMAGE_QED:
        return image_probe_qed(header, info, err);
    case IMAGE_VMDK:
        return image_probe_vmdk(header, info, err);
    case IMAGE_VDI:
        return probe_vdi(header, info, err);
    case IMAGE_VHDX:
        return probe_vhdx(header, err);
    case IMAGE_VPC:
        return probe_vpc(header, info, err);
    case IMAGE_PARALLELS:
        return probe_parallels(header, info, err);
    case IMAGE_DETECT:
    case IMAGE_FORMAT_COUNT:
        break;
    }
    return error_set(err, ERROR_UNSUPPORTED, "there is no image format number %d", info->format);
}

int image_probe(const void *header, size_t length, uint64_t file_size, enum image_format format,
                struct image_info *info, error **err)
{
    /* A file that shrinks while it is read is as long as what was read of it. */
    struct header view = {
        .bytes = header, .length = length, .file_size = file_size > length ? file_size : length};

    memset(info, 0, sizeof *info);
    info->format = format == IMAGE_DETECT ? detect(&view) : format;
    if (info->format == IMAGE_QCOW2 && format == IMAGE_DETECT && image_is_qcow(&view))
        info->format = IMAGE_QCOW;
    if ((format == IMAGE_DETECT && info->format == IMAGE_RAW &&
         image_package_refuse(&view, err) < 0) ||
        probe_as(&view, info, err) < 0 || image_tables_check(&view, info->format, err) < 0) {
        image_info_clear(info);
        return -1;
    }
    if (info->virtual_size > IMAGE_MAX_SIZE) {
        error_set(err, ERROR_CORRUPT, "it claims %" PRIu64 " bytes, more than any disk has",
                  info->virtual_size);
        image_info_clear(info);
        return -1;
    }
    return 0;
}
