/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fat-inodes.h"
#include "common-owner.h"
#include "device-pieces.h"
#include "fat-directory.h"
#include "little-endian.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The layout is that of the kernel's msdos_fs.h: struct fat_boot_sector, msdos_dir_entry. What is
 * made of it is what fs/fat/inode.c makes: fat_fill_super(), fat_fill_inode(). */
#define BOOT_SIZE 512
#define SECTOR_MAX 4096
#define FIRST_CLUSTER 2
#define FAT12_MAX 0xff4 /* clusters */

/* The number of the root's inode, which has no entry (MSDOS_ROOT_INO). */
#define ROOT 1

/* Directories whose entries are kept: a walk comes back to those above it. */
#define KEPT 4

/* Where things are; in sectors. */
struct geometry {
    unsigned sector_size, cluster_sectors;
    unsigned bits; /* of a number in the allocation table */
    uint32_t table, root, root_entries, data;
    uint32_t root_cluster; /* FAT32 */
    uint32_t clusters;
};

/* A directory's entries, and of each of its clusters the first sector. */
struct directory {
    uint64_t ino; /* 0: nothing */
    unsigned char *entries;
    size_t count; /* of entries; 0: it cannot be read */
    uint32_t *sectors;
    unsigned in_cluster; /* entries */
    struct fat_directory names;
    uint64_t used; /* when it was, last */
};

struct fat_inodes {
    device_pieces *pieces;
    struct geometry at;
    struct common_owner owner;
    struct directory kept[KEPT];
    uint64_t clock;
};

/* ---- the filesystem ---- */

static bool take_boot(struct geometry *at, const unsigned char *boot)
{
    uint32_t sectors = little_endian_16(boot + 19), table_sectors = little_endian_16(boot + 22);
    at->sector_size = little_endian_16(boot + 11);
    at->cluster_sectors = boot[13];
    at->table = little_endian_16(boot + 14);
    at->root_entries = little_endian_16(boot + 17);
    at->bits = 0;
    if (table_sectors == 0) {
        at->bits = 32;
        table_sectors = little_endian_32(boot + 36);
        at->root_cluster = little_endian_32(boot + 44);
    }
    /* The kernel has checked these when it mounted; what is read now may be another one. */
    if (at->sector_size < BOOT_SIZE || at->sector_size > SECTOR_MAX ||
        (at->sector_size & (at->sector_size - 1)) || at->cluster_sectors == 0 ||
        (at->cluster_sectors & (at->cluster_sectors - 1)) || table_sectors > UINT32_MAX / 512)
        return false;
    uint64_t root = at->table + (uint64_t)boot[16] * table_sectors;
    uint64_t data = root + (uint64_t)at->root_entries * FAT_DIRECTORY_ENTRY / at->sector_size;
    if (sectors == 0)
        sectors = little_endian_32(boot + 32);
    if (data >= sectors)
        return false;
    at->root = (uint32_t)root;
    at->data = (uint32_t)data;
    at->clusters = (sectors - at->data) / at->cluster_sectors;
    if (at->bits == 0)
        at->bits = at->clusters > FAT12_MAX ? 16 : 12;
    uint64_t numbers = (uint64_t)table_sectors * at->sector_size * 8 / at->bits;
    if (numbers < FIRST_CLUSTER)
        return false;
    if (at->clusters > numbers - FIRST_CLUSTER)
        at->clusters = (uint32_t)(numbers - FIRST_CLUSTER);
    return true;
}

fat_inodes *fat_inodes_open(const char *node)
{
    AUTO_FAT_INODES fat_inodes *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->pieces = device_pieces_new(open(node, O_RDONLY | O_CLOEXEC));
    const unsigned char *boot = self->pieces ? device_pieces_at(self->pieces, 0, BOOT_SIZE) : NULL;
    return boot && take_boot(&self->at, boot) ? STEAL(self) : NULL;
}

static void forget(struct directory *self)
{
    free(self->entries);
    free(self->sectors);
    fat_directory_clear(&self->names);
    memset(self, 0, sizeof *self);
}

void fat_inodes_free(fat_inodes *self)
{
    if (!self)
        return;
    for (size_t i = 0; i < KEPT; i++)
        forget(&self->kept[i]);
    device_pieces_free(self->pieces);
    free(self);
}

/* ---- clusters ---- */

/* A number of 12 bits may be in two sectors. */
static bool read_bytes(fat_inodes *self, uint64_t offset, unsigned count, unsigned char *to)
{
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *byte = device_pieces_at(self->pieces, offset + i, 1);
        if (!byte)
            return false;
        to[i] = *byte;
    }
    return true;
}

static bool is_cluster(const fat_inodes *self, uint32_t cluster)
{
    return cluster >= FIRST_CLUSTER && cluster - FIRST_CLUSTER < self->at.clusters;
}

/* The cluster after that one: 0 is the end. false: it cannot be read, or is none. */
static bool follow(fat_inodes *self, uint32_t *cluster)
{
    unsigned char bytes[4] = {0};
    uint64_t table = (uint64_t)self->at.table * self->at.sector_size;
    uint32_t last = (uint32_t)(0xffffffffU >> (32 - (self->at.bits == 32 ? 28 : self->at.bits)));
    if (!read_bytes(self, table + (uint64_t)*cluster * self->at.bits / 8,
                    self->at.bits == 32 ? 4 : 2, bytes))
        return false;
    uint32_t next = little_endian_32(bytes);
    if (self->at.bits == 12 && *cluster % 2 == 1)
        next >>= 4;
    next &= last;
    bool end = next >= last - 7;
    *cluster = end ? 0 : next;
    return end || is_cluster(self, next);
}

/* ---- a directory ---- */

static uint32_t start_of(const fat_inodes *self, const unsigned char *entry)
{
    uint32_t high = self->at.bits == 32 ? little_endian_16(entry + 20) : 0;
    return high << 16 | little_endian_16(entry + 26);
}

/* The first cluster of that directory, by its entry; 0: it has none. */
static uint32_t find_start(fat_inodes *self, uint64_t ino)
{
    uint64_t data = (uint64_t)self->at.data * self->at.sector_size;
    if (ino == ROOT)
        return self->at.root_cluster;
    if (ino > INT64_MAX / FAT_DIRECTORY_ENTRY)
        return 0;
    uint64_t offset = ino * FAT_DIRECTORY_ENTRY;
    if (offset < (self->at.bits == 32 ? data : (uint64_t)self->at.root * self->at.sector_size))
        return 0;
    const unsigned char *entry = device_pieces_at(self->pieces, offset, FAT_DIRECTORY_ENTRY);
    if (!entry || !(entry[FAT_ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY) ||
        (entry[FAT_ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_VOLUME))
        return 0;
    return start_of(self, entry);
}

/* Adds what is in so many sectors. */
static bool add_sectors(fat_inodes *self, struct directory *what, uint32_t first, unsigned count)
{
    unsigned size = self->at.sector_size;
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *bytes =
            device_pieces_at(self->pieces, ((uint64_t)first + i) * size, size);
        if (!bytes)
            return false;
        memcpy(what->entries + what->count * FAT_DIRECTORY_ENTRY, bytes, size);
        what->count += size / FAT_DIRECTORY_ENTRY;
    }
    return true;
}

/* The root of FAT12 and FAT16 is in a place of its own, as one cluster. */
static bool read_old_root(fat_inodes *self, struct directory *what)
{
    unsigned sectors = self->at.data - self->at.root;
    what->in_cluster = self->at.root_entries;
    what->entries = malloc((size_t)sectors * self->at.sector_size + 1);
    what->sectors = malloc(sizeof *what->sectors);
    if (!what->entries || !what->sectors)
        return false;
    what->sectors[0] = self->at.root;
    return add_sectors(self, what, self->at.root, sectors);
}

static bool read_clusters(fat_inodes *self, struct directory *what, uint32_t cluster)
{
    size_t size = (size_t)self->at.cluster_sectors * self->at.sector_size;
    size_t most = (size_t)FAT_DIRECTORY_ENTRIES_MAX * FAT_DIRECTORY_ENTRY / size, count = 0;
    what->in_cluster = (unsigned)(size / FAT_DIRECTORY_ENTRY);
    for (; is_cluster(self, cluster) && count < most; count++) {
        unsigned char *entries = realloc(what->entries, (count + 1) * size);
        if (entries)
            what->entries = entries;
        uint32_t *sectors = reallocarray(what->sectors, count + 1, sizeof *sectors);
        if (sectors)
            what->sectors = sectors;
        if (!entries || !sectors)
            return false;
        sectors[count] = self->at.data + (cluster - FIRST_CLUSTER) * self->at.cluster_sectors;
        if (!add_sectors(self, what, sectors[count], self->at.cluster_sectors) ||
            !follow(self, &cluster))
            return false;
    }
    return cluster == 0;
}

/* Takes the place of the one that was used least recently. */
static struct directory *read_directory(fat_inodes *self, uint64_t ino)
{
    struct directory *what = &self->kept[0];
    for (size_t i = 1; i < KEPT; i++)
        if (self->kept[i].used < what->used)
            what = &self->kept[i];
    forget(what);
    bool done = ino == ROOT && self->at.bits != 32
                    ? read_old_root(self, what)
                    : read_clusters(self, what, find_start(self, ino));
    if (!done || !fat_directory_fill(&what->names, what->entries, what->count))
        forget(what);
    what->ino = ino;
    return what;
}

static struct directory *find_directory(fat_inodes *self, uint64_t ino)
{
    struct directory *what = NULL;
    for (size_t i = 0; i < KEPT && !what; i++)
        if (self->kept[i].ino == ino)
            what = &self->kept[i];
    if (!what)
        what = read_directory(self, ino);
    what->used = ++self->clock;
    return what;
}

/* ---- stat ---- */

/* Days from 1970 to the first of the month; `year` since 1980. As fat_time_fat2unix() counts:
 * month 0 is 1, and months above 12 have no days of their own. */
static int64_t days_to(unsigned year, unsigned month)
{
    static const unsigned before[] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    enum { TO_1980 = 365 * 10 + 2, YEAR_2100 = 120 };
    int64_t leap = (year + 3) / 4;
    if (year > YEAR_2100)
        leap--;
    if (year % 4 == 0 && year != YEAR_2100 && month > 2)
        leap++;
    return TO_1980 + (int64_t)year * 365 + leap +
           (month < sizeof before / sizeof *before ? before[month] : 0);
}

static struct statx_timestamp time_of(unsigned date, unsigned time)
{
    unsigned month = date >> 5 & 15, day = date & 31;
    int64_t days = days_to(date >> 9, month > 0 ? month : 1) + (day > 0 ? day : 1) - 1;
    return (struct statx_timestamp){.tv_sec = days * 86400 + (time >> 11) * 3600 +
                                              (time >> 5 & 63) * 60 + (time & 31) * 2};
}

/* fat_make_i_pos() */
static uint64_t number_of(const fat_inodes *self, const struct directory *what, size_t entry)
{
    uint64_t sector = what->sectors[entry / what->in_cluster];
    return sector * (self->at.sector_size / FAT_DIRECTORY_ENTRY) + entry % what->in_cluster;
}

static void take_entry(const fat_inodes *self, const unsigned char *entry, struct statx *status)
{
    uint64_t cluster = (uint64_t)self->at.cluster_sectors * self->at.sector_size;
    memset(status, 0, sizeof *status);
    status->stx_mode = S_IFREG | self->owner.permissions;
    if (entry[FAT_ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_READ_ONLY)
        status->stx_mode &= (uint16_t)~0222;
    status->stx_uid = self->owner.uid;
    status->stx_gid = self->owner.gid;
    status->stx_nlink = 1;
    status->stx_size = little_endian_32(entry + 28);
    status->stx_blocks = (status->stx_size + cluster - 1) / cluster * (cluster / 512);
    status->stx_atime = time_of(little_endian_16(entry + 18), 0);
    status->stx_mtime = time_of(little_endian_16(entry + 24), little_endian_16(entry + 22));
    status->stx_ctime = status->stx_mtime;
}

bool fat_inodes_stat(fat_inodes *self, const struct device_inodes_file *file, struct statx *status)
{
    if (!file->regular || file->directory == 0)
        return false;
    const struct directory *what = find_directory(self, file->directory);
    long number = fat_directory_find(&what->names, file->name);
    if (number < 0)
        return false;
    const unsigned char *entry = what->entries + (size_t)number * FAT_DIRECTORY_ENTRY;
    unsigned attributes = entry[FAT_ENTRY_ATTRIBUTES];
    /* A file that is read-only does not tell what the others' permissions are. */
    if ((attributes & FAT_ATTRIBUTE_DIRECTORY) ||
        ((attributes & FAT_ATTRIBUTE_READ_ONLY) && !self->owner.known) ||
        !common_owner_learn(&self->owner, file->at, file->name))
        return false;
    take_entry(self, entry, status);
    status->stx_ino = number_of(self, what, (size_t)number);
    return true;
}
