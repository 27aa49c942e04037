/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ldm-detect.h"

#include "agent/mount/partition-table.h"
#include "agent/mount/volume-size.h"
#include <linux/fs.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Linux, block/partitions/ldm.h: OFF_PRIV1. The others are relative to the database's end, and the
 * last one is its last sector. */
#define PRIVHEAD_SECTOR 6

/* The partition for the database and that for volumes. */
static const char *const guids[] = {"5808c8aa-7e8f-42e0-85d2-e1e90434cfb3",
                                    "af9b60a0-1431-4f62-bc68-3311714a69ad"};

static bool has_privhead(int fd, uint64_t offset)
{
    static const char magic[] = {'P', 'R', 'I', 'V', 'H', 'E', 'A', 'D'};
    char bytes[sizeof magic];

    return pread(fd, bytes, sizeof bytes, (off_t)offset) == (ssize_t)sizeof bytes &&
           memcmp(bytes, magic, sizeof magic) == 0;
}

static uint64_t sector_of(int fd)
{
    int sector = 512;
    ioctl(fd, BLKSSZGET, &sector);
    return (uint64_t)sector;
}

static bool is_unknown(const struct content *what)
{
    return what->kind == CONTENT_UNKNOWN && what->status == STATUS_OK;
}

/* The partition, of a GUID table, with the database. */
static bool is_database(const struct content *what)
{
    if (what->partition == 0 || !is_unknown(what))
        return false;
    uint64_t sector = sector_of(what->fd);
    return what->size >= sector && has_privhead(what->fd, what->size - sector);
}

static bool has_database(const struct content *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_database(&list[i]))
            return true;
    return false;
}

static bool is_guid(const char *type)
{
    for (size_t i = 0; i < sizeof guids / sizeof *guids; i++)
        if (strcasecmp(type, guids[i]) == 0)
            return true;
    return false;
}

/* Those that the GUID table says are for it: others are as on any disk. */
static void mark_partitions(int disk, struct content *list, size_t count)
{
    uint64_t size;
    struct partition_table table;
    if (volume_size_read(disk, &size) < 0)
        return;
    partition_table_read(disk, size, &table);
    for (size_t i = 0; i < count; i++) {
        const struct partition_entry *part = partition_table_find(&table, list[i].partition);
        list[i].dynamic = part && is_guid(part->type);
    }
    partition_table_clear(&table);
}

void ldm_detect_mark(int disk, struct content *list, size_t count)
{
    /* What is on the whole of a disk leaves no place for it. */
    if (count == 0 || (list[0].partition == 0 && !is_unknown(&list[0])))
        return;
    if (has_privhead(disk, PRIVHEAD_SECTOR * sector_of(disk)))
        for (size_t i = 0; i < count; i++)
            list[i].dynamic = true;
    else if (has_database(list, count))
        mark_partitions(disk, list, count);
    for (size_t i = 0; i < count; i++) {
        struct content *what = &list[i];
        if (!what->dynamic || !is_unknown(what))
            continue;
        what->kind = CONTENT_MEMBER;
        snprintf(what->fstype, sizeof what->fstype, "LDM");
        volume_table_say(what, STATUS_UNSUPPORTED, "part of a Windows dynamic disk (LDM)");
    }
}
