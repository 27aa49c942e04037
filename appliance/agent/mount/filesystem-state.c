/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filesystem-state.h"
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Bytes read at once: an MFT record, a UDF descriptor, a superblock. */
#define READ_MAX 1024

/* Descriptors of a UDF that are looked at in each of its two sequences. */
#define UDF_DESCRIPTORS 64

static bool read_at(int fd, uint64_t at, unsigned char *bytes, size_t length)
{
    return at <= INT64_MAX && pread(fd, bytes, length, (off_t)at) == (ssize_t)length;
}

static unsigned le16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static uint32_t le32(const unsigned char *at)
{
    return le16(at) | (uint32_t)le16(at + 2) << 16;
}

static uint64_t le64(const unsigned char *at)
{
    return le32(at) | (uint64_t)le32(at + 4) << 32;
}

static enum filesystem_state unclean_if(bool dirty)
{
    return dirty ? FILESYSTEM_UNCLEAN : FILESYSTEM_CLEAN;
}

/* ---- ext2, ext3, ext4: fs/ext4/ext4.h, struct ext4_super_block, at byte 1024 ---- */

#define EXT_SUPERBLOCK 1024
#define EXT_STATE 0x3a        /* EXT4_VALID_FS 1 */
#define EXT_COMPATIBLE 0x5c   /* EXT4_FEATURE_COMPAT_HAS_JOURNAL 4, _FAST_COMMIT 0x400 */
#define EXT_INCOMPATIBLE 0x60 /* EXT4_FEATURE_INCOMPAT_RECOVER 4 */

/* A filesystem without a journal loses the mark "valid" while it is mounted. */
static enum filesystem_state ext_state(int fd)
{
    unsigned char block[EXT_INCOMPATIBLE + 4];
    if (!read_at(fd, EXT_SUPERBLOCK, block, sizeof block))
        return FILESYSTEM_UNKNOWN;
    if (!(le32(block + EXT_COMPATIBLE) & 4))
        return unclean_if(!(le16(block + EXT_STATE) & 1));
    if (!(le32(block + EXT_INCOMPATIBLE) & 4))
        return FILESYSTEM_CLEAN;
    return le32(block + EXT_COMPATIBLE) & 0x400 ? FILESYSTEM_FAST_COMMITS : FILESYSTEM_JOURNAL;
}

/* ---- btrfs: linux/btrfs_tree.h, struct btrfs_super_block: log_root ---- */

static enum filesystem_state btrfs_state(int fd)
{
    unsigned char root[8];
    if (!read_at(fd, 0x10000 + 0x60, root, sizeof root))
        return FILESYSTEM_UNKNOWN;
    return le64(root) ? FILESYSTEM_JOURNAL : FILESYSTEM_CLEAN;
}

bool filesystem_state_is_seed(int fd)
{
    unsigned char flags[8]; /* BTRFS_SUPER_FLAG_SEEDING 1 << 32 */
    return read_at(fd, 0x10000 + 0x38, flags, sizeof flags) && le64(flags) >> 32 & 1;
}

/* ---- xfs: fs/xfs/libxfs/xfs_format.h, struct xfs_dsb; xfs_log_format.h, xlog_rec_header ---- */

#define XFS_LOG_SECTORS 512 /* in which a record begins, if it is a log (as libblkid has it) */

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t be64(const unsigned char *at)
{
    return (uint64_t)be32(at) << 32 | be32(at + 4);
}

bool filesystem_state_xfs(int fd, struct filesystem_xfs *xfs)
{
    unsigned char block[100];
    if (!read_at(fd, 0, block, sizeof block) || memcmp(block, "XFSB", 4) != 0)
        return false;
    memcpy(xfs->uuid, block + 32, sizeof xfs->uuid);
    xfs->external_log = be64(block + 48) == 0; /* where it begins inside */
    xfs->log = (uint64_t)be32(block + 96) * be32(block + 4);
    if (__builtin_mul_overflow(be64(block + 16), be32(block + 4), &xfs->realtime))
        xfs->realtime = UINT64_MAX;
    return true;
}

bool filesystem_state_is_xfs_log(int fd, const struct filesystem_xfs *xfs)
{
    unsigned char record[512];
    for (unsigned i = 0; i < XFS_LOG_SECTORS; i++) {
        if (!read_at(fd, (uint64_t)i * sizeof record, record, sizeof record))
            return false;
        if (be32(record) == 0xfeedbabe)
            return memcmp(record + 304, xfs->uuid, sizeof xfs->uuid) == 0;
    }
    return false;
}

/* ---- FAT: linux/msdos_fs.h, struct fat_boot_sector; FAT_STATE_DIRTY 1 ----
 *
 * Windows keeps a mark of its own in the second entry of the table, where a 1 is "clean". */

#define FAT12_CLUSTERS 4084

/* Of a FAT12 or FAT16. */
static uint64_t vfat_clusters(const unsigned char *boot)
{
    unsigned sector = le16(boot + 0x0b), tables = boot[0x10] * le16(boot + 0x16);
    uint64_t sectors = le16(boot + 0x13) ? le16(boot + 0x13) : le32(boot + 0x20);
    if (sector == 0 || boot[0x0d] == 0)
        return 0;
    uint64_t before = le16(boot + 0x0e) + tables + (le16(boot + 0x11) * 32 + sector - 1) / sector;
    return sectors > before ? (sectors - before) / boot[0x0d] : 0;
}

static enum filesystem_state vfat_state(int fd)
{
    unsigned char boot[512], entry[4];
    if (!read_at(fd, 0, boot, sizeof boot))
        return FILESYSTEM_UNKNOWN;
    bool is_32 = le16(boot + 0x16) == 0;
    if (boot[is_32 ? 0x41 : 0x25] & 1)
        return FILESYSTEM_UNCLEAN;
    if (!is_32 && vfat_clusters(boot) <= FAT12_CLUSTERS)
        return FILESYSTEM_CLEAN; /* it has no second mark */
    uint64_t table = (uint64_t)le16(boot + 0x0e) * le16(boot + 0x0b);
    if (!read_at(fd, table + (is_32 ? 4 : 2), entry, sizeof entry))
        return FILESYSTEM_UNKNOWN;
    return unclean_if(is_32 ? !(entry[3] & 0x08) : !(entry[1] & 0x80));
}

/* ---- exFAT: the specification, 3.1.13.2 VolumeDirty ---- */

static enum filesystem_state exfat_state(int fd)
{
    unsigned char flags[2];
    return read_at(fd, 106, flags, sizeof flags) ? unclean_if(flags[0] & 2) : FILESYSTEM_UNKNOWN;
}

/* ---- NTFS: linux-ntfs' layout.h: VOLUME_IS_DIRTY of $VOLUME_INFORMATION in MFT record 3 ---- */

#define NTFS_VOLUME 3
#define NTFS_INFORMATION 0x70

/* The flags in an MFT record; -1: there are none. */
static int ntfs_flags(const unsigned char *record)
{
    size_t at = le16(record + 0x14);
    if (memcmp(record, "FILE", 4) != 0)
        return -1;
    while (at + 0x18 <= READ_MAX && le32(record + at) < NTFS_INFORMATION) {
        uint32_t length = le32(record + at + 4);
        if (length < 0x18 || length > READ_MAX)
            return -1;
        at += length;
    }
    if (at + 0x18 > READ_MAX || le32(record + at) != NTFS_INFORMATION || record[at + 8] != 0)
        return -1;
    size_t value = at + le16(record + at + 0x14);
    return value + 12 <= READ_MAX ? (int)le16(record + value + 10) : -1;
}

static enum filesystem_state ntfs_state(int fd)
{
    unsigned char boot[512], record[READ_MAX];
    if (!read_at(fd, 0, boot, sizeof boot))
        return FILESYSTEM_UNKNOWN;
    /* Both are counts, or, from 0x80 on, exponents of two, negated. */
    uint64_t sector = le16(boot + 0x0b);
    uint64_t cluster =
        boot[0x0d] <= 0x80 ? sector * boot[0x0d] : sector << ((256 - boot[0x0d]) & 31);
    uint64_t size = boot[0x40] < 0x80 ? cluster * boot[0x40] : 1ULL << ((256 - boot[0x40]) & 31);
    uint64_t at;
    if (__builtin_mul_overflow(le64(boot + 0x30), cluster, &at) ||
        __builtin_add_overflow(at, NTFS_VOLUME * size, &at) ||
        !read_at(fd, at, record, sizeof record))
        return FILESYSTEM_UNKNOWN;
    int flags = ntfs_flags(record);
    return flags < 0 ? FILESYSTEM_UNKNOWN : unclean_if(flags & 1);
}

/* ---- HFS+: Apple's TN1150: kHFSVolumeUnmountedBit 8, kHFSBootVolumeInconsistentBit 11 ---- */

static enum filesystem_state hfsplus_state(int fd)
{
    unsigned char header[8];
    if (!read_at(fd, 1024, header, sizeof header) || header[0] != 'H')
        return FILESYSTEM_UNKNOWN; /* 'B': it is inside an HFS */
    return unclean_if(!(header[6] & 1) || header[6] & 8);
}

/* ---- HFS: Inside Macintosh: Files, 2-60: drAtrb, with the bits of HFS+ ---- */

static enum filesystem_state hfs_state(int fd)
{
    unsigned char block[12];
    if (!read_at(fd, 1024, block, sizeof block) || memcmp(block, "BD", 2) != 0)
        return FILESYSTEM_UNKNOWN;
    return unclean_if(!(block[10] & 1) || block[10] & 8);
}

/* ---- JFS: fs/jfs/jfs_superblock.h, struct jfs_superblock, at byte 32768: s_state, FM_CLEAN 0 ----
 */

static enum filesystem_state jfs_state(int fd)
{
    unsigned char block[44];
    if (!read_at(fd, 0x8000, block, sizeof block) || memcmp(block, "JFS1", 4) != 0)
        return FILESYSTEM_UNKNOWN;
    return unclean_if(le32(block + 40) != 0);
}

/* ---- Minix: linux/minix_fs.h, struct minix_super_block, at byte 1024: s_state ----
 *
 * MINIX_VALID_FS 1, MINIX_ERROR_FS 2. The third version has no such mark, and its magic elsewhere.
 */

static enum filesystem_state minix_state(int fd)
{
    static const unsigned magics[] = {0x137f, 0x138f, 0x2468, 0x2478};
    unsigned char block[20];
    if (!read_at(fd, 1024, block, sizeof block))
        return FILESYSTEM_UNKNOWN;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (le16(block + 16) == magics[i])
            return unclean_if((le16(block + 18) & 3) != 1);
    return FILESYSTEM_UNKNOWN;
}

/* ---- UDF: ECMA-167, 3rd edition: 3/10.2 anchor, 3/10.6 logical volume, 3/10.10 its integrity ----
 */

struct udf_extent {
    uint32_t length, location;
};

static struct udf_extent udf_extent_at(const unsigned char *at)
{
    return (struct udf_extent){le32(at), le32(at + 4)};
}

/* The last descriptor of that kind; false: there is none. */
static bool udf_find(int fd, unsigned block, struct udf_extent where, unsigned kind,
                     unsigned char *descriptor)
{
    unsigned char bytes[512];
    bool found = false;
    for (unsigned i = 0; i < UDF_DESCRIPTORS && (uint64_t)i * block < where.length; i++) {
        if (!read_at(fd, ((uint64_t)where.location + i) * block, bytes, sizeof bytes))
            break;
        if (le16(bytes) != kind)
            continue;
        memcpy(descriptor, bytes, sizeof bytes);
        found = true;
    }
    return found;
}

static enum filesystem_state udf_state(int fd)
{
    static const unsigned blocks[] = {2048, 512, 4096, 1024};
    unsigned char found[512];
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        unsigned block = blocks[i];
        if (!read_at(fd, 256ULL * block, found, sizeof found) || le16(found) != 2 ||
            le32(found + 12) != 256)
            continue;
        if (!udf_find(fd, block, udf_extent_at(found + 16), 6, found) ||
            !udf_find(fd, block, udf_extent_at(found + 432), 9, found))
            return FILESYSTEM_UNKNOWN;
        return unclean_if(le32(found + 28) == 0); /* 0: open, 1: closed */
    }
    return FILESYSTEM_UNKNOWN;
}

/* ---- */

enum filesystem_state filesystem_state_read(const char *type, int fd)
{
    static const struct {
        const char *type;
        enum filesystem_state (*read)(int fd);
    } readers[] = {
        {"ext4", ext_state},    {"ext3", ext_state},        {"ext2", ext_state},
        {"btrfs", btrfs_state}, {"vfat", vfat_state},       {"exfat", exfat_state},
        {"ntfs", ntfs_state},   {"hfsplus", hfsplus_state}, {"udf", udf_state},
        {"hfs", hfs_state},     {"jfs", jfs_state},         {"minix", minix_state},
    };
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(readers[i].type, type) == 0)
            return readers[i].read(fd);
    return FILESYSTEM_UNKNOWN;
}
