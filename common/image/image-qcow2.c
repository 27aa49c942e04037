/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2, qcow and qed. Source: QEMU docs/interop/qcow2.txt and docs/interop/qed_spec.txt; of qcow
 * there is block/qcow.c alone. */
#include "image-qcow2.h"
#include "image-header.h"

#include <inttypes.h>

#define QCOW2_BACKING_MAX 1023
#define QCOW2_CLUSTER_BITS_MIN 9
#define QCOW2_CLUSTER_BITS_MAX 21 /* "QEMU currently limits it to 2 MB" */
#define QCOW_CLUSTER_BITS_MAX 16
#define QCOW2_CRYPT_AES 1
#define QCOW2_CRYPT_LUKS 2

/* Incompatible features: 0 dirty, 1 corrupt, 2 external data file, 3 compression type,
 * 4 extended L2 entries. QEMU opens all of these read-only. */
#define QCOW2_FEATURE_DATA_FILE (UINT64_C(1) << 2)
#define QCOW2_FEATURES_KNOWN UINT64_C(0x1f)

#define QCOW2_EXTENSION_END 0
#define QCOW2_EXTENSION_BACKING_FORMAT 0xe2792aca
#define QCOW2_EXTENSION_DATA_FILE 0x44415441

struct qcow2 {
    const struct header *header;
    uint32_t version;
    uint64_t cluster_size;
    uint64_t extensions;     /* where they start */
    uint64_t backing_offset; /* 0: none */
    uint64_t features;
};

static int qcow2_version(struct qcow2 *image, error **err)
{
    if (image_header_require(image->header, QCOW2_V2_LENGTH, "qcow2", err) < 0)
        return -1;
    if (!image_header_is(image->header, 0, "QFI\xfb", 4))
        return error_set(err, ERROR_CORRUPT, "it has no qcow2 signature");
    image->version = image_header_be32(image->header, QCOW2_VERSION);
    if (image->version == 1)
        return error_set(err, ERROR_UNSUPPORTED, "qcow version 1: its format is qcow, not qcow2");
    if (image->version != 2 && image->version != 3)
        return error_set(err, ERROR_UNSUPPORTED, "qcow2 version %" PRIu32, image->version);
    if (image->version == 3)
        return image_header_require(image->header, QCOW2_V3_LENGTH, "qcow2", err);
    return 0;
}

static int qcow2_layout(struct qcow2 *image, error **err)
{
    const struct header *header = image->header;
    uint32_t cluster_bits = image_header_be32(header, QCOW2_CLUSTER_BITS);

    if (cluster_bits < QCOW2_CLUSTER_BITS_MIN || cluster_bits > QCOW2_CLUSTER_BITS_MAX)
        return error_set(err, ERROR_CORRUPT, "its cluster_bits are %" PRIu32 ", not %d to %d",
                         cluster_bits, QCOW2_CLUSTER_BITS_MIN, QCOW2_CLUSTER_BITS_MAX);
    image->cluster_size = UINT64_C(1) << cluster_bits;

    image->extensions = QCOW2_V2_LENGTH;
    if (image->version == 3)
        image->extensions = image_header_be32(header, QCOW2_HEADER_LENGTH);
    if (image->extensions > image->cluster_size ||
        (image->version == 3 && image->extensions < QCOW2_V3_LENGTH))
        return error_set(err, ERROR_CORRUPT, "its header_length is %" PRIu64, image->extensions);

    uint64_t l1_offset = image_header_be64(header, QCOW2_L1_OFFSET);
    if (image_header_be32(header, QCOW2_L1_SIZE) > 0 && l1_offset >= header->file_size)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: its L1 table is at byte %" PRIu64 ", the file has %" PRIu64,
                         l1_offset, header->file_size);
    return 0;
}

static int qcow2_encryption(const struct qcow2 *image, struct image_info *info, error **err)
{
    uint32_t method = image_header_be32(image->header, QCOW2_CRYPT_METHOD);

    if (method > QCOW2_CRYPT_LUKS)
        return error_set(err, ERROR_UNSUPPORTED, "qcow2 encryption method %" PRIu32, method);
    if (method == QCOW2_CRYPT_AES)
        return error_set(err, ERROR_ENCRYPTED,
                         "the qcow2 image is encrypted by the old method, AES, which QEMU refuses "
                         "to read; qemu-img convert reads it");
    info->encrypted = method != 0;
    return 0;
}

static int qcow2_features(struct qcow2 *image, error **err)
{
    if (image->version == 3)
        image->features = image_header_be64(image->header, QCOW2_INCOMPATIBLE);
    if (image->features & ~QCOW2_FEATURES_KNOWN)
        return error_set(err, ERROR_UNSUPPORTED, "unknown incompatible qcow2 features: 0x%" PRIx64,
                         image->features & ~QCOW2_FEATURES_KNOWN);
    return 0;
}

static int qcow2_backing(struct qcow2 *image, struct image_info *info, error **err)
{
    uint64_t offset = image_header_be64(image->header, QCOW2_BACKING_OFFSET);
    uint32_t size = image_header_be32(image->header, QCOW2_BACKING_SIZE);

    image->backing_offset = offset;
    if (offset == 0)
        return 0;
    if (size > QCOW2_BACKING_MAX)
        return error_set(err, ERROR_CORRUPT,
                         "the name of its backing file has %" PRIu32 " bytes, more than %d", size,
                         QCOW2_BACKING_MAX);
    if (offset > image->cluster_size || size > image->cluster_size - offset)
        return error_set(err, ERROR_CORRUPT,
                         "the name of its backing file is at byte %" PRIu64
                         ", outside the first cluster",
                         offset);
    if (offset > image->header->file_size || size > image->header->file_size - offset)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: the name of its backing file is at byte %" PRIu64
                         ", the file has %" PRIu64,
                         offset, image->header->file_size);
    if (size == 0)
        return 0;
    return image_header_name(image->header, offset, size, "its backing file", &info->backing, err);
}

static int backing_format(const struct header *header, uint64_t offset, uint64_t size,
                          struct image_info *info, error **err)
{
    AUTO_FREE char *name = NULL;

    if (image_header_name(header, offset, size, "its backing file's format", &name, err) < 0)
        return -1;
    if (!info->backing || size == 0)
        return 0;
    info->backing_format = image_format_from_name(name);
    /* Old images name the protocol where they mean a raw file or device. */
    if (strcmp(name, "file") == 0 || strcmp(name, "host_device") == 0)
        info->backing_format = IMAGE_RAW;
    if (info->backing_format == IMAGE_DETECT)
        return error_set(err, ERROR_UNSUPPORTED, "its backing file's format, \"%s\"", name);
    return 0;
}

static int qcow2_extension(const struct qcow2 *image, uint32_t type, uint64_t offset, uint64_t size,
                           struct image_info *info, error **err)
{
    if (type == QCOW2_EXTENSION_BACKING_FORMAT)
        return backing_format(image->header, offset, size, info, err);
    if (type != QCOW2_EXTENSION_DATA_FILE || !(image->features & QCOW2_FEATURE_DATA_FILE))
        return 0;
    if (info->data_file)
        return error_set(err, ERROR_CORRUPT, "it names its data file twice");
    return image_header_name(image->header, offset, size, "its data file", &info->data_file, err);
}

/* qcow2.txt, "Header extensions": up to an end marker, the backing file's name or the cluster's
 * end. Each is a type, a length, and data padded to a multiple of 8 bytes. */
static int qcow2_extensions(const struct qcow2 *image, struct image_info *info, error **err)
{
    uint64_t end = image->cluster_size;
    uint64_t offset = image->extensions;

    if (image->backing_offset > 0 && image->backing_offset < end)
        end = image->backing_offset;
    if (end > image->header->length)
        end = image->header->length;

    while (offset <= end && end - offset >= 8) {
        uint32_t type = image_header_be32(image->header, offset);
        uint64_t size = image_header_be32(image->header, offset + 4);
        offset += 8;
        if (type == QCOW2_EXTENSION_END)
            break;
        if (size > end - offset)
            return error_set(err, ERROR_CORRUPT,
                             "a header extension at byte %" PRIu64 " has %" PRIu64 " bytes",
                             offset - 8, size);
        if (qcow2_extension(image, type, offset, size, info, err) < 0)
            return -1;
        offset += (size + 7) & ~UINT64_C(7);
    }
    if ((image->features & QCOW2_FEATURE_DATA_FILE) && !(info->data_file && *info->data_file))
        return error_set(err, ERROR_CORRUPT,
                         "it keeps its data in another file, which it does not name");
    return 0;
}

int image_probe_qcow2(const struct header *header, struct image_info *info, error **err)
{
    struct qcow2 image = {.header = header};

    if (qcow2_version(&image, err) < 0 || qcow2_layout(&image, err) < 0 ||
        qcow2_encryption(&image, info, err) < 0 || qcow2_features(&image, err) < 0 ||
        qcow2_backing(&image, info, err) < 0 || qcow2_extensions(&image, info, err) < 0)
        return -1;
    info->virtual_size = image_header_be64(header, QCOW2_SIZE);
    return 0;
}

/* block/qcow.c, QCowHeader; big-endian. What stands first is as in qcow2. */
enum {
    QCOW_SIZE = 24,
    QCOW_CLUSTER_BITS = 32, /* a byte */
    QCOW_CRYPT_METHOD = 36,
    QCOW_LENGTH = 48,
};

bool image_is_qcow(const struct header *header)
{
    return image_header_is(header, 0, "QFI\xfb\0\0\0\1", 8);
}

int image_probe_qcow(const struct header *header, struct image_info *info, error **err)
{
    struct qcow2 image = {.header = header};

    if (image_header_require(header, QCOW_LENGTH, "qcow", err) < 0)
        return -1;
    if (!image_is_qcow(header))
        return error_set(err, ERROR_CORRUPT, "it has no signature of qcow version 1");
    if (image_header_be32(header, QCOW_CRYPT_METHOD) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the qcow image is encrypted by the old method, AES, which QEMU refuses");
    uint8_t bits = header->bytes[QCOW_CLUSTER_BITS];
    if (bits < QCOW2_CLUSTER_BITS_MIN || bits > QCOW_CLUSTER_BITS_MAX)
        return error_set(err, ERROR_CORRUPT, "it claims clusters of 2^%u bytes", bits);
    /* The name stands behind the header, which is no cluster: QEMU reads it wherever it is. */
    image.cluster_size = IMAGE_PROBE_BYTES;
    info->virtual_size = image_header_be64(header, QCOW_SIZE);
    return qcow2_backing(&image, info, err);
}

/* qed_spec.txt, "Header"; all little-endian. */
enum {
    QED_HEADER_CLUSTERS = 12,
    QED_CLUSTER_SIZE = 4,
    QED_FEATURES = 16,
    QED_L1_OFFSET = 40,
    QED_IMAGE_SIZE = 48,
    QED_BACKING_OFFSET = 56,
    QED_BACKING_SIZE = 60,
    QED_LENGTH = 64,
};

#define QED_FEATURE_BACKING 1
#define QED_FEATURE_BACKING_RAW 4 /* QED_F_BACKING_FORMAT_NO_PROBE */
#define QED_FEATURES_KNOWN UINT64_C(7)

static int qed_backing(const struct header *header, struct image_info *info, error **err)
{
    uint64_t offset = image_header_le32(header, QED_BACKING_OFFSET);
    uint64_t size = image_header_le32(header, QED_BACKING_SIZE);
    uint64_t area =
        (uint64_t)image_header_le32(header, QED_CLUSTER_SIZE) *
        image_header_le32(header, QED_HEADER_CLUSTERS); /* 32 by 32 bits: cannot overflow */

    if (size > QCOW2_BACKING_MAX || size > area || offset > area - size)
        return error_set(err, ERROR_CORRUPT,
                         "the name of its backing file, at byte %" PRIu64 " with %" PRIu64
                         " bytes, is outside the header",
                         offset, size);
    if (offset + size > header->file_size)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: the name of its backing file is at byte %" PRIu64
                         ", the file has %" PRIu64,
                         offset, header->file_size);
    if (size == 0)
        return 0;
    if (image_header_le64(header, QED_FEATURES) & QED_FEATURE_BACKING_RAW)
        info->backing_format = IMAGE_RAW;
    return image_header_name(header, offset, size, "its backing file", &info->backing, err);
}

int image_probe_qed(const struct header *header, struct image_info *info, error **err)
{
    uint64_t features = image_header_le64(header, QED_FEATURES);
    uint64_t l1_offset = image_header_le64(header, QED_L1_OFFSET);

    if (image_header_require(header, QED_LENGTH, "QED", err) < 0)
        return -1;
    if (!image_header_is(header, 0, "QED\0", 4))
        return error_set(err, ERROR_CORRUPT, "it has no QED signature");
    if (features & ~QED_FEATURES_KNOWN)
        return error_set(err, ERROR_UNSUPPORTED, "unknown QED features: 0x%" PRIx64,
                         features & ~QED_FEATURES_KNOWN);
    if (l1_offset >= header->file_size)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: its L1 table is at byte %" PRIu64 ", the file has %" PRIu64,
                         l1_offset, header->file_size);
    info->virtual_size = image_header_le64(header, QED_IMAGE_SIZE);
    return features & QED_FEATURE_BACKING ? qed_backing(header, info, err) : 0;
}
