/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ntfs-inodes.h"
#include "common-owner.h"
#include "device-pieces.h"
#include "ntfs-record.h"
#include "wire/listing.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_RECORD 5
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* A path of LISTING_PATH bytes has no more directories. */
#define DEEPEST (LISTING_PATH / 2)

struct ntfs_inodes {
    bool opened;           /* that was tried */
    device_pieces *pieces; /* of $MFT */
    uint32_t record_size;  /* 0: ntfs-3g is to be asked for everything */
    struct common_owner owner;
};

/* ---- the volume ---- */

static bool maps_owners(int root)
{
    struct stat status;
    return fstatat(root, ".NTFS-3G", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static uint32_t record_size_of(device_pieces *pieces)
{
    const unsigned char *first = device_pieces_at(pieces, 0, NTFS_RECORD_MIN);
    return first ? ntfs_record_size(first) : 0;
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

/* ---- stat ---- */

/* A copy of that record. */
static bool read_record(ntfs_inodes *self, uint64_t ino, unsigned char record[NTFS_RECORD_MAX])
{
    uint32_t size = self->record_size;
    const unsigned char *bytes =
        ino < INT64_MAX / NTFS_RECORD_MAX ? device_pieces_at(self->pieces, ino * size, size) : NULL;
    if (bytes)
        memcpy(record, bytes, size);
    return bytes != NULL;
}

bool ntfs_inodes_stat(ntfs_inodes *self, const struct device_inodes_file *file,
                      struct statx *status)
{
    unsigned char record[NTFS_RECORD_MAX];
    memset(status, 0, sizeof *status);
    if (!file->regular || !open_once(self, file->at) || !read_record(self, file->ino, record) ||
        !ntfs_record_stat(record, self->record_size, file->directory, file->name, status) ||
        !common_owner_learn(&self->owner, file->at, file->name))
        return false;
    status->stx_mode = S_IFREG | self->owner.permissions;
    status->stx_uid = self->owner.uid;
    status->stx_gid = self->owner.gid;
    status->stx_ino = file->ino;
    return true;
}
