/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xfs-inodes.h"
#include "agent/util/crc32.h"
#include "device-pieces.h"
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The layout is that of the kernel's fs/xfs/libxfs/xfs_format.h: struct xfs_dsb, xfs_dinode.
 * Everything is big-endian, but for checksums. */
#define SUPER_SIZE 4096
#define SUPER_CHECKSUM 224
#define UUID_SIZE 16
#define INCOMPAT_FTYPE 0x1
#define INCOMPAT_SPINODES 0x2
#define INCOMPAT_META_UUID 0x4
#define INCOMPAT_BIGTIME 0x8
#define INCOMPAT_NREXT64 0x20
#define INCOMPAT_KNOWN                                                                             \
    (INCOMPAT_FTYPE | INCOMPAT_SPINODES | INCOMPAT_META_UUID | INCOMPAT_BIGTIME | INCOMPAT_NREXT64)

#define INODE_CHECKSUM 100
#define FORMAT_EXTENTS 2
#define FORMAT_BTREE 3
#define FLAG2_BIGTIME 0x8
/* Where nanoseconds since then are counted: 2^31 seconds before 1970. */
#define BIGTIME_EPOCH ((int64_t)1 << 31)

struct xfs_inodes {
    device_pieces *pieces;
    unsigned block_log, inode_log, inodes_in_block_log, group_log;
    uint32_t groups, blocks_in_group;
    unsigned char uuid[UUID_SIZE];
};

static uint16_t get16(const unsigned char *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static uint64_t get64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

/* Over all, with zeros where the checksum is. */
static bool has_its_checksum(const unsigned char *bytes, size_t size, size_t at)
{
    static const unsigned char none[4];
    uint32_t wanted, sum = crc32_castagnoli(UINT32_MAX, bytes, at);
    memcpy(&wanted, bytes + at, sizeof wanted);
    sum = crc32_castagnoli(sum, none, sizeof none);
    sum = crc32_castagnoli(sum, bytes + at + sizeof none, size - at - sizeof none);
    return ~sum == le32toh(wanted);
}

/* ---- the filesystem ---- */

static bool take_super(xfs_inodes *self, const unsigned char super[SUPER_SIZE])
{
    uint16_t sector = get16(super + 102), inode_size = get16(super + 104);
    uint32_t incompat = get32(super + 216);
    if (memcmp(super, "XFSB", 4) != 0 || (get16(super + 100) & 15) != 5 || sector < 512 ||
        sector > SUPER_SIZE || (incompat & ~(uint32_t)INCOMPAT_KNOWN) ||
        !has_its_checksum(super, sector, SUPER_CHECKSUM))
        return false;
    self->block_log = super[120];
    self->inode_log = super[122];
    self->inodes_in_block_log = super[123];
    self->group_log = super[124];
    self->blocks_in_group = get32(super + 84);
    self->groups = get32(super + 88);
    memcpy(self->uuid, super + (incompat & INCOMPAT_META_UUID ? 248 : 32), UUID_SIZE);
    /* The kernel has checked these when it mounted; what is read now may be another one. */
    return self->block_log >= 10 && self->block_log <= 16 && self->inode_log >= 9 &&
           self->inode_log <= 11 && inode_size == 1U << self->inode_log &&
           self->inodes_in_block_log == self->block_log - self->inode_log && self->group_log >= 1 &&
           self->group_log <= 31;
}

xfs_inodes *xfs_inodes_open(const char *node)
{
    AUTO_XFS_INODES xfs_inodes *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    /* What the kernel's xfs has written, as it recovered the log, is not in the device's page
     * cache. */
    self->pieces = device_pieces_new(open(node, O_RDONLY | O_DIRECT | O_CLOEXEC));
    const unsigned char *super =
        self->pieces ? device_pieces_at(self->pieces, 0, SUPER_SIZE) : NULL;
    if (!super || !take_super(self, super))
        return NULL;
    return STEAL(self);
}

void xfs_inodes_free(xfs_inodes *self)
{
    if (!self)
        return;
    device_pieces_free(self->pieces);
    free(self);
}

/* ---- an inode ---- */

/* XFS_INO_TO_AGNO() and so on. */
static const unsigned char *find_inode(xfs_inodes *self, uint64_t ino)
{
    uint64_t index = ino & (((uint64_t)1 << self->inodes_in_block_log) - 1);
    uint64_t block = ino >> self->inodes_in_block_log & (((uint64_t)1 << self->group_log) - 1);
    uint64_t group = ino >> (self->inodes_in_block_log + self->group_log);
    if (group >= self->groups || block >= self->blocks_in_group)
        return NULL;
    block += group * self->blocks_in_group;
    if (block > (uint64_t)INT64_MAX >> self->block_log)
        return NULL;
    return device_pieces_at(self->pieces, (block << self->block_log) + (index << self->inode_log),
                            (size_t)1 << self->inode_log);
}

static struct statx_timestamp time_of(const unsigned char *at, bool big)
{
    uint64_t bits = get64(at);
    if (!big)
        return (struct statx_timestamp){.tv_sec = (int32_t)(bits >> 32), .tv_nsec = (uint32_t)bits};
    return (struct statx_timestamp){.tv_sec = (int64_t)(bits / 1000000000) - BIGTIME_EPOCH,
                                    .tv_nsec = (uint32_t)(bits % 1000000000)};
}

/* Whether it is an intact inode of a regular file. */
static bool is_file(const xfs_inodes *self, const unsigned char *inode, uint64_t ino)
{
    return memcmp(inode, "IN", 2) == 0 && S_ISREG(get16(inode + 2)) && inode[4] == 3 &&
           (inode[5] == FORMAT_EXTENTS || inode[5] == FORMAT_BTREE) && get64(inode + 152) == ino &&
           memcmp(inode + 160, self->uuid, UUID_SIZE) == 0 &&
           has_its_checksum(inode, (size_t)1 << self->inode_log, INODE_CHECKSUM);
}

bool xfs_inodes_stat(xfs_inodes *self, uint64_t ino, struct statx *status)
{
    const unsigned char *inode = find_inode(self, ino);
    if (!inode || !is_file(self, inode, ino))
        return false;
    bool big = get64(inode + 120) & FLAG2_BIGTIME;
    memset(status, 0, sizeof *status);
    status->stx_mode = get16(inode + 2);
    status->stx_uid = get32(inode + 8);
    status->stx_gid = get32(inode + 12);
    status->stx_nlink = get32(inode + 16);
    status->stx_atime = time_of(inode + 32, big);
    status->stx_mtime = time_of(inode + 40, big);
    status->stx_ctime = time_of(inode + 48, big);
    status->stx_size = get64(inode + 56);
    status->stx_blocks = get64(inode + 64) << (self->block_log - 9);
    status->stx_ino = ino;
    return status->stx_nlink > 0 && status->stx_size <= INT64_MAX;
}
