/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables that QEMU reads when it opens an image, and keeps in memory: an image of 4 KiB may claim
 * gigabytes of them. What each driver allocates is in the function of that name in QEMU 7.2. */
#include "image-header.h"
#include "image-qcow2.h"

#include <inttypes.h>

/* Is the table within the file, and small enough? Offset and size are in bytes; `memory` is what
 * QEMU keeps of this and its like. */
static int check_table(const struct header *header, const char *what, uint64_t offset,
                       uint64_t size, uint64_t memory, error **err)
{
    if (offset > header->file_size || size > header->file_size - offset)
        return error_set(err, ERROR_CORRUPT,
                         "truncated: its %s has %" PRIu64 " bytes from byte %" PRIu64
                         " on, the file has %" PRIu64,
                         what, size, offset, header->file_size);
    if (memory > IMAGE_TABLES_MAX)
        return error_set(err, ERROR_REFUSED,
                         "its %s would take %" PRIu64 " MiB of QEMU's memory, more than %d", what,
                         memory >> 20, IMAGE_TABLES_MAX >> 20);
    return 0;
}

/* vdi_open(): the block map, 4 bytes a block. */
#define VDI_MAP_OFFSET 340
#define VDI_BLOCKS_OFFSET 384

static int check_vdi(const struct header *header, error **err)
{
    uint64_t size = UINT64_C(4) * image_header_le32(header, VDI_BLOCKS_OFFSET);
    return check_table(header, "block map", image_header_le32(header, VDI_MAP_OFFSET), size, size,
                       err);
}

/* vpc_open(): the block allocation table of a dynamic image. Microsoft, Virtual Hard Disk Image
 * Format Specification, "Dynamic Disk Header Format". */
#define VPC_DYNAMIC_OFFSET 16 /* in the footer: where that header is */
#define VPC_TYPE_OFFSET 60
#define VPC_TYPE_DYNAMIC 3
#define VPC_TABLE_OFFSET 16
#define VPC_ENTRIES_OFFSET 28
#define VPC_DYNAMIC_SIZE 1024

static int check_vpc(const struct header *header, error **err)
{
    uint64_t at = image_header_be64(header, VPC_DYNAMIC_OFFSET);
    if (image_header_be32(header, VPC_TYPE_OFFSET) != VPC_TYPE_DYNAMIC)
        return 0;
    if (!image_header_has(header, at, VPC_DYNAMIC_SIZE))
        return error_set(err, ERROR_CORRUPT, "its dynamic header is not among the first %zu bytes",
                         header->length);
    if (!image_header_is(header, at, "cxsparse", 8))
        return 0; /* QEMU goes no further */
    uint64_t size = UINT64_C(4) * image_header_be32(header, at + VPC_ENTRIES_OFFSET);
    return check_table(header, "block allocation table",
                       image_header_be64(header, at + VPC_TABLE_OFFSET), size, size, err);
}

/* parallels_open(): header and block allocation table in one. */
#define PARALLELS_ENTRIES_OFFSET 32
#define PARALLELS_TABLE_OFFSET 64

static int check_parallels(const struct header *header, error **err)
{
    uint64_t size = UINT64_C(4) * image_header_le32(header, PARALLELS_ENTRIES_OFFSET);
    return check_table(header, "block allocation table", PARALLELS_TABLE_OFFSET, size, size, err);
}

/* bdrv_qed_do_open(): the L1 table; and qed-l2-cache.c: up to 50 L2 tables of the same size. */
#define QED_CLUSTER_OFFSET 4
#define QED_TABLE_CLUSTERS_OFFSET 8
#define QED_L1_OFFSET 40
#define QED_TABLES 51

static int check_qed(const struct header *header, error **err)
{
    uint64_t size = (uint64_t)image_header_le32(header, QED_CLUSTER_OFFSET) *
                    image_header_le32(header, QED_TABLE_CLUSTERS_OFFSET);
    uint64_t memory = size > UINT64_MAX / QED_TABLES ? UINT64_MAX : size * QED_TABLES;
    return check_table(header, "L1 table", image_header_le64(header, QED_L1_OFFSET), size, memory,
                       err);
}

/* qcow2_do_open(): the L1 table; qcow2_refcount_init(): the refcount table; qcow2_read_snapshots():
 * all snapshots, of at least 40 bytes each. */
#define QCOW2_SNAPSHOT_SIZE 40

static int check_qcow2(const struct header *header, error **err)
{
    uint64_t l1 = UINT64_C(8) * image_header_be32(header, QCOW2_L1_SIZE);
    uint64_t counts = (uint64_t)image_header_be32(header, QCOW2_REFCOUNT_CLUSTERS)
                      << (image_header_be32(header, QCOW2_CLUSTER_BITS) & 31);
    uint64_t snapshots = (uint64_t)QCOW2_SNAPSHOT_SIZE * image_header_be32(header, QCOW2_SNAPSHOTS);
    if (l1 > 0 && check_table(header, "L1 table", image_header_be64(header, QCOW2_L1_OFFSET), l1,
                              l1, err) < 0)
        return -1;
    /* The table may end within its last cluster, where the file does too. */
    if (check_table(header, "refcount table", image_header_be64(header, QCOW2_REFCOUNT_OFFSET), 0,
                    counts, err) < 0)
        return -1;
    return snapshots == 0 ? 0
                          : check_table(header, "snapshot table",
                                        image_header_be64(header, QCOW2_SNAPSHOT_OFFSET), snapshots,
                                        snapshots, err);
}

/* qcow_open(): the L1 table of version 1, of a size that follows from the others. The two numbers
 * of bits are bytes; QEMU refuses others than these. */
#define QCOW_SIZE_OFFSET 24
#define QCOW_BITS_OFFSET 32
#define QCOW_L1_TABLE_OFFSET 40

static int check_qcow(const struct header *header, error **err)
{
    uint32_t bits = image_header_be32(header, QCOW_BITS_OFFSET);
    unsigned cluster_bits = bits >> 24, l2_bits = bits >> 16 & 0xff;
    uint64_t size = image_header_be64(header, QCOW_SIZE_OFFSET);
    if (cluster_bits < 9 || cluster_bits > 16 || l2_bits < 6 || l2_bits > 13)
        return 0;
    unsigned shift = cluster_bits + l2_bits;
    uint64_t l1 = 8 * ((size >> shift) + ((size & ((UINT64_C(1) << shift) - 1)) != 0));
    return check_table(header, "L1 table", image_header_be64(header, QCOW_L1_TABLE_OFFSET), l1, l1,
                       err);
}

/* vmdk_init_tables(): the grain directory, and a cache of 16 grain tables. Streams have the
 * directory's place at their end. */
#define SECTOR 512
#define VMDK4_CAPACITY_OFFSET 12
#define VMDK4_GRAIN_OFFSET 20
#define VMDK4_TABLE_ENTRIES_OFFSET 44
#define VMDK4_DIRECTORY_OFFSET 56
#define VMDK4_AT_END UINT64_MAX

static int check_vmdk4(const struct header *header, error **err)
{
    uint64_t capacity = image_header_le64(header, VMDK4_CAPACITY_OFFSET);
    uint64_t sector = image_header_le64(header, VMDK4_DIRECTORY_OFFSET), covered, size;
    if (__builtin_mul_overflow(image_header_le64(header, VMDK4_GRAIN_OFFSET),
                               image_header_le32(header, VMDK4_TABLE_ENTRIES_OFFSET), &covered) ||
        covered == 0)
        return 0; /* QEMU refuses such numbers */
    if (__builtin_mul_overflow(capacity / covered + (capacity % covered > 0), 4, &size))
        return error_set(err, ERROR_CORRUPT, "its grain directory has no size that is possible");
    if (sector == VMDK4_AT_END)
        return check_table(header, "grain directory", 0, 0, size, err);
    if (sector > header->file_size / SECTOR)
        return error_set(err, ERROR_CORRUPT, "truncated: its grain directory is beyond its end");
    return check_table(header, "grain directory", sector * SECTOR, size, size, err);
}

/* vmdk_open_vmdk3() */
#define COWD_DIRECTORY_OFFSET 20
#define COWD_DIRECTORY_SIZE_OFFSET 24

static int check_cowd(const struct header *header, error **err)
{
    uint64_t size = UINT64_C(4) * image_header_le32(header, COWD_DIRECTORY_SIZE_OFFSET);
    uint64_t offset = (uint64_t)image_header_le32(header, COWD_DIRECTORY_OFFSET) * SECTOR;
    return check_table(header, "grain directory", offset, size, size, err);
}

/* vhdx_open(): the block allocation table, whose place the region table tells ([MS-VHDX] 2.2.3). */
#define VHDX_REGIONS 196608
#define VHDX_REGIONS_MAX 2047
#define VHDX_REGION_SIZE 32

static int check_region(const struct header *header, uint64_t at, error **err)
{
    static const uint8_t table[16] = {0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
                                      0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08};
    uint64_t size = image_header_le32(header, at + 24);
    if (!image_header_is(header, at, table, sizeof table))
        return 0;
    return check_table(header, "block allocation table", image_header_le64(header, at + 16), size,
                       size, err);
}

static int check_vhdx(const struct header *header, error **err)
{
    uint32_t count = image_header_le32(header, VHDX_REGIONS + 8);
    for (uint32_t i = 0; i < count && i < VHDX_REGIONS_MAX; i++)
        if (check_region(header, VHDX_REGIONS + 16 + (uint64_t)i * VHDX_REGION_SIZE, err) < 0)
            return -1;
    return 0;
}

int image_tables_check(const struct header *header, enum image_format format, error **err)
{
    switch (format) {
    case IMAGE_QCOW2:
        return check_qcow2(header, err);
    case IMAGE_QCOW:
        return check_qcow(header, err);
    case IMAGE_QED:
        return check_qed(header, err);
    case IMAGE_VMDK:
        if (image_header_is(header, 0, "KDMV", 4))
            return check_vmdk4(header, err);
        return image_header_is(header, 0, "COWD", 4) ? check_cowd(header, err) : 0;
    case IMAGE_VDI:
        return check_vdi(header, err);
    case IMAGE_VHDX:
        return check_vhdx(header, err);
    case IMAGE_VPC:
        return image_header_is(header, 0, "conectix", 8) ? check_vpc(header, err) : 0;
    case IMAGE_PARALLELS:
        return check_parallels(header, err);
    case IMAGE_DETECT:
    case IMAGE_RAW:
    case IMAGE_FORMAT_COUNT:
        break;
    }
    return 0;
}
