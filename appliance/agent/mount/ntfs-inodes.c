/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ntfs-inodes.h"
#include "common-owner.h"
#include "device-pieces.h"
#include "little-endian.h"
#include "wire/listing.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The layout is that of ntfs-3g's layout.h: MFT_RECORD, ATTR_RECORD, STANDARD_INFORMATION,
 * FILE_NAME_ATTR. What is answered is what its ntfs_fuse_getattr() fills in. */
#define RECORD_MIN 512
#define RECORD_MAX 4096
#define RECORD_HEADER 42 /* of NTFS 1.2; later ones are longer */
#define SECTOR 512       /* what one number of the update sequence protects */

#define RECORD_IN_USE 0x1
#define RECORD_IS_DIRECTORY 0x2

#define STANDARD_INFORMATION 0x10
#define ATTRIBUTE_LIST 0x20
#define FILE_NAME 0x30
#define DATA 0x80
#define REPARSE_POINT 0xc0
#define ATTRIBUTES_END 0xffffffff

#define FLAG_SYSTEM 0x4
#define FLAG_REPARSE_POINT 0x400

#define DATA_COMPRESSED 0x00ff
#define DATA_SPARSE 0x8000

#define ROOT_RECORD 5
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* A path of LISTING_PATH bytes has no more directories. */
#define DEEPEST (LISTING_PATH / 2)

/* Of the number of a record; above it is a count of its uses. */
#define REFERENCE_MASK (((uint64_t)1 << 48) - 1)

/* Times count 100 ns from 1601. */
#define TIME_OFFSET ((int64_t)(369 * 365 + 89) * 24 * 3600 * 10000000)

struct ntfs_inodes {
    bool opened;           /* that was tried */
    device_pieces *pieces; /* of $MFT */
    uint32_t record_size;  /* 0: ntfs-3g is to be asked for everything */
    struct common_owner owner;
};

/* An attribute within a record. */
struct attribute {
    const unsigned char *bytes;
    uint32_t type, length;
    bool resident, named;
};

/* What the attributes of a file's record say. */
struct found {
    const unsigned char *information;
    bool parent; /* the directory is among those that the file is in */
    bool data;
    uint64_t size, allocated;
};

/* ---- the volume ---- */

static bool maps_owners(int root)
{
    struct stat status;
    return fstatat(root, ".NTFS-3G", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static uint32_t record_size_of(device_pieces *pieces)
{
    const unsigned char *record = device_pieces_at(pieces, 0, RECORD_MIN);
    uint32_t size = record && memcmp(record, "FILE", 4) == 0 ? little_endian_32(record + 28) : 0;
    return size >= RECORD_MIN && size <= RECORD_MAX && (size & (size - 1)) == 0 ? size : 0;
}

/* The filesystem's root, above a directory in it; -1: it is not found. */
static int open_root(int directory)
{
    struct stat first, status;
    AUTO_FD int fd = openat(directory, ".", OPEN_DIRECTORY);
    if (fd < 0 || fstat(fd, &first) < 0)
        return -1;
    for (unsigned steps = 0; steps < DEEPEST; steps++) {
        if (fstat(fd, &status) < 0 || status.st_dev != first.st_dev)
            return -1;
        if (status.st_ino == ROOT_RECORD)
            return steal_fd(&fd);
        int above = openat(fd, "..", OPEN_DIRECTORY);
        close(steal_fd(&fd));
        fd = above;
        if (fd < 0)
            return -1;
    }
    return -1;
}

ntfs_inodes *ntfs_inodes_new(void)
{
    return calloc(1, sizeof(ntfs_inodes));
}

/* Whether records can be read. */
static bool open_once(ntfs_inodes *self, int directory)
{
    if (self->opened)
        return self->record_size > 0;
    self->opened = true;
    AUTO_FD int root = open_root(directory);
    if (root < 0 || maps_owners(root))
        return false;
    self->pieces = device_pieces_new(openat(root, "$MFT", O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    self->record_size = self->pieces ? record_size_of(self->pieces) : 0;
    return self->record_size > 0;
}

void ntfs_inodes_free(ntfs_inodes *self)
{
    if (!self)
        return;
    device_pieces_free(self->pieces);
    free(self);
}

/* ---- a record ---- */

/* Puts back the last two bytes of each sector. false: a sector is of another time than the others,
 * or this is no record. */
static bool undo_update_sequence(unsigned char *record, uint32_t size)
{
    uint32_t at = little_endian_16(record + 4), count = little_endian_16(record + 6);
    if (memcmp(record, "FILE", 4) != 0 || at < RECORD_HEADER || at % 2 != 0 ||
        count != size / SECTOR + 1 || at + count * 2 > SECTOR - 2)
        return false;
    for (uint32_t i = 1; i < count; i++) {
        unsigned char *end = record + i * SECTOR - 2;
        if (memcmp(end, record + at, 2) != 0)
            return false;
        memcpy(end, record + at + i * 2, 2);
    }
    return true;
}

/* A copy of the file's record, if it is one and in use. */
static bool read_record(ntfs_inodes *self, uint64_t ino, unsigned char record[RECORD_MAX])
{
    uint32_t size = self->record_size;
    const unsigned char *bytes =
        ino < REFERENCE_MASK / RECORD_MAX ? device_pieces_at(self->pieces, ino * size, size) : NULL;
    if (!bytes)
        return false;
    memcpy(record, bytes, size);
    return undo_update_sequence(record, size) && little_endian_32(record + 28) == size &&
           little_endian_32(record + 24) <= size && little_endian_64(record + 32) == 0 &&
           (little_endian_16(record + 22) & (RECORD_IN_USE | RECORD_IS_DIRECTORY)) == RECORD_IN_USE;
}

/* The attribute at that offset; `length` 0: the end. false: it is none. */
static bool attribute_at(const unsigned char *record, uint32_t used, uint32_t at,
                         struct attribute *found)
{
    if (at % 8 != 0 || used < 8 || at > used - 8)
        return false;
    *found = (struct attribute){.bytes = record + at, .type = little_endian_32(record + at)};
    if (found->type == ATTRIBUTES_END)
        return true;
    found->length = little_endian_32(record + at + 4);
    if (found->length < 24 || found->length > used - at)
        return false;
    found->resident = record[at + 8] == 0;
    found->named = record[at + 9] != 0;
    return true;
}

/* The value of a resident attribute, with at least so many bytes. */
static const unsigned char *value_of(const struct attribute *what, uint32_t least)
{
    uint32_t length = little_endian_32(what->bytes + 16), at = little_endian_16(what->bytes + 20);
    if (!what->resident || length < least || at > what->length || length > what->length - at)
        return NULL;
    return what->bytes + at;
}

static bool take_data(const struct attribute *what, struct found *found)
{
    uint16_t flags = little_endian_16(what->bytes + 12);
    bool squeezed = flags & (DATA_COMPRESSED | DATA_SPARSE);
    if (what->resident) {
        found->size = little_endian_32(what->bytes + 16);
        found->allocated = (found->size + 7) & ~(uint64_t)7;
        return value_of(what, 0);
    }
    if (what->length < (squeezed ? 72 : 64) || little_endian_64(what->bytes + 16) != 0)
        return false;
    found->size = little_endian_64(what->bytes + 48);
    found->allocated = little_endian_64(what->bytes + (squeezed ? 64 : 40));
    return found->size <= INT64_MAX && found->allocated <= INT64_MAX - 511;
}

/* false: ntfs-3g is to be asked. */
static bool take_attribute(const struct attribute *what, uint64_t directory, struct found *found)
{
    const unsigned char *name;
    switch (what->type) {
    case STANDARD_INFORMATION:
        if (found->information)
            return false;
        found->information = value_of(what, 48);
        return found->information != NULL;
    case FILE_NAME:
        name = value_of(what, 66);
        found->parent |= name && (little_endian_64(name) & REFERENCE_MASK) == directory;
        return name != NULL;
    case DATA:
        if (what->named)
            return true;
        if (found->data)
            return false;
        found->data = true;
        return take_data(what, found);
    default:
        return what->type != ATTRIBUTE_LIST && what->type != REPARSE_POINT;
    }
}

static bool take_record(const unsigned char *record, uint64_t directory, struct found *found)
{
    uint32_t used = little_endian_32(record + 24), at = little_endian_16(record + 20);
    struct attribute what;
    memset(found, 0, sizeof *found);
    for (;;) {
        if (!attribute_at(record, used, at, &what))
            return false;
        if (what.type == ATTRIBUTES_END)
            break;
        if (!take_attribute(&what, directory, found))
            return false;
        at += what.length;
    }
    return found->information && found->parent && found->data &&
           !(little_endian_32(found->information + 32) & (FLAG_SYSTEM | FLAG_REPARSE_POINT));
}

/* ---- stat ---- */

/* As ntfs2timespec(), which has no nanoseconds before 1970. */
static struct statx_timestamp time_of(const unsigned char *at)
{
    int64_t since = (int64_t)(little_endian_64(at) - (uint64_t)TIME_OFFSET);
    int64_t rest = since % 10000000;
    return (struct statx_timestamp){.tv_sec = since / 10000000,
                                    .tv_nsec = rest > 0 ? (uint32_t)rest * 100 : 0};
}

bool ntfs_inodes_stat(ntfs_inodes *self, const struct device_inodes_file *file,
                      struct statx *status)
{
    unsigned char record[RECORD_MAX];
    struct found found;
    if (!file->regular || !open_once(self, file->at) || !read_record(self, file->ino, record) ||
        !take_record(record, file->directory, &found) ||
        !common_owner_learn(&self->owner, file->at, file->name))
        return false;
    memset(status, 0, sizeof *status);
    status->stx_mode = S_IFREG | self->owner.permissions;
    status->stx_uid = self->owner.uid;
    status->stx_gid = self->owner.gid;
    status->stx_nlink = little_endian_16(record + 18);
    status->stx_ino = file->ino;
    status->stx_size = found.size;
    status->stx_blocks = (found.allocated + 511) >> 9;
    status->stx_mtime = time_of(found.information + 8);
    status->stx_ctime = time_of(found.information + 16);
    status->stx_atime = time_of(found.information + 24);
    return true;
}
