/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ext4-inodes.h"
#include "agent/util/crc32.h"
#include "device-pieces.h"
#include "little-endian.h"
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The layout is that of the kernel's fs/ext4/ext4.h: struct ext4_super_block, ext4_group_desc,
 * ext4_inode. Everything is little-endian. */
#define SUPER_OFFSET 1024
#define SUPER_SIZE 1024
#define SUPER_CHECKSUM 0x3fc
#define MAGIC 0xef53
#define INCOMPAT_META_BG 0x10
#define INCOMPAT_64BIT 0x80
#define INCOMPAT_CSUM_SEED 0x2000
#define RO_COMPAT_HUGE_FILE 0x8
#define RO_COMPAT_METADATA_CSUM 0x400

/* Of inodes: their checksum would need a lookup, or what the kernel says of them differs. */
#define FLAG_ENCRYPT 0x800
#define FLAG_HUGE_FILE 0x40000
#define FLAG_EA_INODE 0x200000
#define FLAG_INLINE_DATA 0x10000000
#define FLAGS_UNUSUAL (FLAG_ENCRYPT | FLAG_EA_INODE | FLAG_INLINE_DATA)

/* Fields that were added later follow; those of the first 4 bytes are needed: how many there are,
 * and the upper half of the checksum. An inode without them has half a checksum, which is none. */
#define OLD_INODE_SIZE 128
#define EXTRA_NEEDED 4

struct ext4_inodes {
    device_pieces *pieces;
    uint64_t block_size;
    uint64_t descriptors; /* where they begin */
    uint32_t descriptor_size;
    uint32_t inodes, first_inode;
    uint32_t inodes_in_group;
    uint32_t inode_size;
    uint32_t seed; /* of checksums */
    bool huge_files;
};

/* ---- the filesystem ---- */

static bool has_checksums(const unsigned char super[SUPER_SIZE])
{
    bool dynamic =
        little_endian_32(super + 0x4c) > 0; /* revision 0 has neither features nor sizes */
    return dynamic && (little_endian_32(super + 0x64) & RO_COMPAT_METADATA_CSUM) &&
           crc32_castagnoli(UINT32_MAX, super, SUPER_CHECKSUM) ==
               little_endian_32(super + SUPER_CHECKSUM);
}

/* A block is a power of 2. */
static bool divides_block(const ext4_inodes *self, uint32_t size)
{
    return size > 0 && self->block_size % size == 0;
}

static bool take_super(ext4_inodes *self, const unsigned char super[SUPER_SIZE])
{
    uint32_t incompat = little_endian_32(super + 0x60), log_size = little_endian_32(super + 0x18);
    if (little_endian_16(super + 0x38) != MAGIC || log_size > 6 ||
        little_endian_32(super + 0x48) != 0 || (incompat & INCOMPAT_META_BG) ||
        !has_checksums(super))
        return false; /* 0x48: not made by Linux; others have other fields */
    self->block_size = (uint64_t)1024 << log_size;
    self->descriptors = (little_endian_32(super + 0x14) + (uint64_t)1) * self->block_size;
    self->descriptor_size = incompat & INCOMPAT_64BIT ? little_endian_16(super + 0xfe) : 32;
    self->inodes = little_endian_32(super);
    self->inodes_in_group = little_endian_32(super + 0x28);
    self->inode_size = little_endian_16(super + 0x58);
    self->first_inode = little_endian_32(super + 0x54);
    self->huge_files = little_endian_32(super + 0x64) & RO_COMPAT_HUGE_FILE;
    self->seed = incompat & INCOMPAT_CSUM_SEED ? little_endian_32(super + 0x270)
                                               : crc32_castagnoli(UINT32_MAX, super + 0x68, 16);
    /* The kernel has checked the sizes when it mounted; what is read now may be another one. */
    return self->inodes_in_group > 0 && divides_block(self, self->descriptor_size) &&
           self->descriptor_size >= 32 && divides_block(self, self->inode_size) &&
           self->inode_size > OLD_INODE_SIZE && self->inode_size <= DEVICE_PIECES_SIZE;
}

ext4_inodes *ext4_inodes_open(const char *node)
{
    unsigned char super[SUPER_SIZE];
    AUTO_EXT4_INODES ext4_inodes *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    AUTO_FD int fd = open(node, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, super, SUPER_SIZE, SUPER_OFFSET) != SUPER_SIZE ||
        !take_super(self, super))
        return NULL;
    self->pieces = device_pieces_new(steal_fd(&fd));
    if (!self->pieces)
        return NULL;
    return STEAL(self);
}

void ext4_inodes_free(ext4_inodes *self)
{
    if (!self)
        return;
    device_pieces_free(self->pieces);
    free(self);
}

/* ---- an inode ---- */

static const unsigned char *find_inode(ext4_inodes *self, uint32_t ino)
{
    uint32_t group = (ino - 1) / self->inodes_in_group;
    uint32_t index = (ino - 1) % self->inodes_in_group;
    uint64_t table;
    const unsigned char *descriptor =
        device_pieces_at(self->pieces, self->descriptors + (uint64_t)group * self->descriptor_size,
                         self->descriptor_size);
    if (!descriptor)
        return NULL;
    table = little_endian_32(descriptor + 0x8);
    if (self->descriptor_size >= 64)
        table |= (uint64_t)little_endian_32(descriptor + 0x28) << 32;
    if (table > INT64_MAX / self->block_size)
        return NULL;
    return device_pieces_at(self->pieces,
                            table * self->block_size + (uint64_t)index * self->inode_size,
                            self->inode_size);
}

/* Behind the old inode there are so many bytes of fields; -1: too few, or it contradicts itself. */
static int extra_size(const ext4_inodes *self, const unsigned char *inode)
{
    uint16_t extra = little_endian_16(inode + 0x80);
    return extra < EXTRA_NEEDED || (uint32_t)OLD_INODE_SIZE + extra > self->inode_size ||
                   extra % 4 != 0
               ? -1
               : extra;
}

/* Over the number, the generation, and the inode with zeros where the checksum is: a copy of its
 * beginning, in whole strides of crc32_castagnoli(), and the rest where it is. */
static bool has_its_checksum(const ext4_inodes *self, uint32_t ino, const unsigned char *inode)
{
    enum { COPIED = OLD_INODE_SIZE + 8 };
    unsigned char begin[8 + COPIED];
    uint32_t number = htole32(ino);
    memcpy(begin, &number, 4);
    memcpy(begin + 4, inode + 0x64, 4);
    memcpy(begin + 8, inode, COPIED);
    memset(begin + 8 + 0x7c, 0, 2);
    memset(begin + 8 + 0x82, 0, 2);
    uint32_t sum = crc32_castagnoli(self->seed, begin, sizeof begin);
    sum = crc32_castagnoli(sum, inode + COPIED, self->inode_size - COPIED);
    return sum == (little_endian_16(inode + 0x7c) | (uint32_t)little_endian_16(inode + 0x82) << 16);
}

/* Seconds since 1970, signed; two bits more of them and nanoseconds where there is room. */
static struct statx_timestamp time_of(const unsigned char *inode, size_t at, size_t more, int extra)
{
    struct statx_timestamp when = {.tv_sec = (int32_t)little_endian_32(inode + at)};
    if (more + 4 <= (size_t)(OLD_INODE_SIZE + extra)) {
        uint32_t bits = little_endian_32(inode + more);
        when.tv_sec += (int64_t)(bits & 3) << 32;
        when.tv_nsec = bits >> 2;
    }
    return when;
}

/* As the kernel's old_decode_dev() and new_decode_dev(). */
static void take_device(const unsigned char *inode, struct statx *status)
{
    uint32_t old = little_endian_32(inode + 0x28), device = little_endian_32(inode + 0x2c);
    if (old) {
        status->stx_rdev_major = old >> 8 & 255;
        status->stx_rdev_minor = old & 255;
    } else {
        status->stx_rdev_major = device >> 8 & 0xfff;
        status->stx_rdev_minor = (device & 0xff) | (device >> 12 & 0xfff00);
    }
}

static uint64_t blocks_of(const ext4_inodes *self, const unsigned char *inode)
{
    uint64_t blocks = little_endian_32(inode + 0x1c);
    if (!self->huge_files)
        return blocks;
    blocks |= (uint64_t)little_endian_16(inode + 0x74) << 32;
    return little_endian_32(inode + 0x20) & FLAG_HUGE_FILE ? blocks * (self->block_size / 512)
                                                           : blocks;
}

static void take_fields(const ext4_inodes *self, const unsigned char *inode, int extra,
                        struct statx *status)
{
    status->stx_mode = little_endian_16(inode);
    status->stx_uid = little_endian_16(inode + 0x2) | (uint32_t)little_endian_16(inode + 0x78)
                                                          << 16;
    status->stx_gid = little_endian_16(inode + 0x18) | (uint32_t)little_endian_16(inode + 0x7a)
                                                           << 16;
    status->stx_size = little_endian_32(inode + 0x4);
    if (S_ISREG(status->stx_mode))
        status->stx_size |= (uint64_t)little_endian_32(inode + 0x6c) << 32;
    status->stx_nlink = little_endian_16(inode + 0x1a);
    status->stx_blocks = blocks_of(self, inode);
    status->stx_atime = time_of(inode, 0x8, 0x8c, extra);
    status->stx_ctime = time_of(inode, 0xc, 0x84, extra);
    status->stx_mtime = time_of(inode, 0x10, 0x88, extra);
}

/* A link that is kept in the inode: its bytes are where others have the numbers of blocks, and no
 * block is its own but one of attributes. */
static bool take_target(const unsigned char *inode, const struct statx *status, char *target,
                        size_t *length)
{
    *length = status->stx_size;
    if (status->stx_size == 0 || status->stx_size >= EXT4_INODES_TARGET ||
        little_endian_32(inode + 0x1c) != 0)
        return false;
    memcpy(target, inode + 0x28, *length);
    return strnlen(target, *length) == *length;
}

bool ext4_inodes_stat(ext4_inodes *self, uint64_t ino, struct statx *status,
                      char target[EXT4_INODES_TARGET], size_t *length)
{
    if (ino < self->first_inode || ino > self->inodes)
        return false;
    const unsigned char *inode = find_inode(self, (uint32_t)ino);
    int extra = inode ? extra_size(self, inode) : -1;
    if (extra < 0 || (little_endian_32(inode + 0x20) & FLAGS_UNUSUAL) ||
        !has_its_checksum(self, (uint32_t)ino, inode))
        return false;
    memset(status, 0, sizeof *status);
    take_fields(self, inode, extra, status);
    status->stx_ino = ino;
    if (status->stx_nlink == 0 || status->stx_size > INT64_MAX)
        return false;
    switch (status->stx_mode & S_IFMT) {
    case S_IFLNK:
        return take_target(inode, status, target, length);
    case S_IFCHR:
    case S_IFBLK:
        take_device(inode, status);
        return true;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        return true;
    default:
        return false;
    }
}
