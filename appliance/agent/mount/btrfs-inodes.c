/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes are read in groups of neighbours. A directory whose files are spread over many groups
 * would have the kernel read much that is not wanted: a budget, which grows with what is, bounds
 * that. */
#include "btrfs-inodes.h"
#include <endian.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#define GROUP 64
#define GROUPS 512 /* kept at the same time: 2.5 MiB */

/* In inodes that are read: at first, and what one that is wanted is worth. */
#define BUDGET 4096
#define BUDGET_MAX 65536
#define WORTH 8

/* Bytes of one answer: most groups with all that belongs to their inodes. */
#define SEARCH_ROOM (64 * 1024)

struct inode {
    uint32_t mode; /* 0: none, or none that is answered for */
    uint32_t uid, gid, links;
    uint64_t size, blocks; /* blocks: of 512 bytes */
    struct statx_timestamp accessed, modified, changed;
};

struct group {
    uint64_t number;
    struct inode inodes[GROUP];
};

struct btrfs_inodes {
    uint64_t block_size;
    int64_t budget;
    struct group *groups[GROUPS];
    struct btrfs_ioctl_search_args_v2 *search;
};

btrfs_inodes *btrfs_inodes_open(int directory)
{
    struct statfs about;
    if (fstatfs(directory, &about) < 0 || about.f_type != BTRFS_SUPER_MAGIC || about.f_bsize < 512)
        return NULL;
    AUTO_BTRFS_INODES btrfs_inodes *self = calloc(1, sizeof *self);
    if (!self || !(self->search = malloc(sizeof *self->search + SEARCH_ROOM)))
        return NULL;
    self->block_size = (uint64_t)about.f_bsize;
    self->budget = BUDGET;
    return STEAL(self);
}

void btrfs_inodes_free(btrfs_inodes *self)
{
    if (!self)
        return;
    for (size_t i = 0; i < GROUPS; i++)
        free(self->groups[i]);
    free(self->search);
    free(self);
}

/* ---- reading ---- */

static struct statx_timestamp time_of(const struct btrfs_timespec *when)
{
    return (struct statx_timestamp){.tv_sec = (int64_t)le64toh(when->sec),
                                    .tv_nsec = le32toh(when->nsec)};
}

/* As btrfs_getattr() has it. */
static void take_inode(const btrfs_inodes *self, const void *item, struct inode *to)
{
    struct btrfs_inode_item from;
    memcpy(&from, item, sizeof from);
    uint32_t mode = le32toh(from.mode);
    uint64_t bytes = le64toh(from.nbytes) + self->block_size - 1;
    *to = (struct inode){
        .mode = S_ISREG(mode) && mode <= UINT16_MAX ? mode : 0,
        .uid = le32toh(from.uid),
        .gid = le32toh(from.gid),
        .links = le32toh(from.nlink),
        .size = le64toh(from.size),
        .blocks = (bytes - bytes % self->block_size) / 512,
        .accessed = time_of(&from.atime),
        .modified = time_of(&from.mtime),
        .changed = time_of(&from.ctime),
    };
}

/* False: an answer that makes no sense. *last is the header of the last item. */
static bool take_items(const btrfs_inodes *self, struct group *group,
                       struct btrfs_ioctl_search_header *last)
{
    const char *at = (const char *)self->search->buf, *end = at + SEARCH_ROOM;
    for (uint32_t i = 0; i < self->search->key.nr_items; i++) {
        if ((size_t)(end - at) < sizeof *last)
            return false;
        memcpy(last, at, sizeof *last);
        at += sizeof *last;
        if ((size_t)(end - at) < last->len)
            return false;
        if (last->type == BTRFS_INODE_ITEM_KEY && last->len == sizeof(struct btrfs_inode_item) &&
            last->objectid / GROUP == group->number)
            take_inode(self, at, &group->inodes[last->objectid % GROUP]);
        at += last->len;
    }
    return true;
}

/* Fills in what the kernel answers; what it does not stays all zero. Everything that belongs to
 * these inodes lies between the first one's item and the last one's, and the kernel tells it all;
 * behind a full answer it goes on with the next inode, as of one only its first item is wanted. */
static void read_group(btrfs_inodes *self, int directory, struct group *group)
{
    struct btrfs_ioctl_search_header last;
    uint64_t first = group->number * GROUP;
    memset(self->search, 0, sizeof *self->search);
    self->search->key = (struct btrfs_ioctl_search_key){
        .min_objectid = first,
        .max_objectid = first + GROUP - 1,
        .min_type = BTRFS_INODE_ITEM_KEY,
        .max_type = BTRFS_INODE_ITEM_KEY,
        .max_offset = UINT64_MAX,
        .max_transid = UINT64_MAX,
    };
    do {
        self->search->key.nr_items = UINT32_MAX;
        self->search->buf_size = SEARCH_ROOM;
        if (ioctl(directory, BTRFS_IOC_TREE_SEARCH_V2, self->search) < 0 ||
            self->search->key.nr_items == 0 || !take_items(self, group, &last))
            return;
        self->search->key.min_objectid = last.objectid + 1;
    } while (last.objectid < first + GROUP - 1);
}

/* ---- answering ---- */

/* NULL: it is not worth it. */
static const struct group *find_group(btrfs_inodes *self, int directory, uint64_t number)
{
    struct group **place = &self->groups[number % GROUPS];
    struct group *held = *place;
    if (held && held->number == number)
        return held;
    if (self->budget <= 0) {
        self->budget++;
        return NULL;
    }
    if (!*place && !(*place = malloc(sizeof **place)))
        return NULL;
    memset(*place, 0, sizeof **place);
    (*place)->number = number;
    self->budget -= GROUP;
    read_group(self, directory, *place);
    return *place;
}

bool btrfs_inodes_stat(btrfs_inodes *self, int directory, uint64_t ino, struct statx *status)
{
    const struct group *group = find_group(self, directory, ino / GROUP);
    const struct inode *inode = group ? &group->inodes[ino % GROUP] : NULL;
    if (!inode || inode->mode == 0 || inode->links == 0 || inode->size > INT64_MAX)
        return false;
    if (self->budget < BUDGET_MAX)
        self->budget += WORTH;
    memset(status, 0, sizeof *status);
    status->stx_mode = (uint16_t)inode->mode;
    status->stx_uid = inode->uid;
    status->stx_gid = inode->gid;
    status->stx_nlink = inode->links;
    status->stx_size = inode->size;
    status->stx_blocks = inode->blocks;
    status->stx_ino = ino;
    status->stx_atime = inode->accessed;
    status->stx_mtime = inode->modified;
    status->stx_ctime = inode->changed;
    return true;
}
