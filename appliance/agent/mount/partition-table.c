/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partition-table.h"

#include <blkid/blkid.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Larger than any device: IMAGE_MAX_SIZE of the host. */
#define GROWN_SIZE ((uint64_t)1 << 62)

/* A GUID table is within it, with 4096-byte sectors and more entries than are ever shown. */
#define FRONT_SIZE ((size_t)1 << 20)

/* How a table is read. */
struct reading {
    unsigned sector; /* bytes; 0: as the device has them */
    bool forced;     /* a GUID table without a protective MBR is one, too */
};

/* Types of partitions that hold no filesystem: what boots a machine, or is left free. */
static bool is_without_filesystem(const char *type)
{
    static const char *const types[] = {
        "21686148-6449-6e6f-744e-656564454649", /* BIOS boot */
        "e3c9e316-0b5c-4db8-817d-f92df00215ae", /* Microsoft reserved */
        "9e1a2d38-c612-4316-aa26-8b49521e5a8b", /* PReP boot */
        "fe3a2a5d-4f32-41a7-b725-accc3285a309", /* ChromeOS kernel */
        "2e0a753d-9e48-43b0-8337-b15192cb1b5e", /* ChromeOS, reserved */
        "83bd6b9d-7f41-11dc-be0b-001560b84f0f", /* FreeBSD boot */
        "6a945a3b-1dd2-11b2-99a6-080020736631", /* Solaris, reserved */
        "45b0969e-9b03-4f30-b4c6-b4b80ceff106", /* Ceph journal */
        "0x41",                                 /* PReP boot */
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcasecmp(type, types[i]) == 0)
            return true;
    return false;
}

static void take_text(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

static void take_entry(struct partition_entry *entry, blkid_partition part)
{
    memset(entry, 0, sizeof *entry);
    entry->number = (unsigned)blkid_partition_get_partno(part);
    /* In 512 bytes whatever the sectors are. What overflows is beyond every device. */
    if (__builtin_mul_overflow((uint64_t)blkid_partition_get_start(part), 512, &entry->start))
        entry->start = GROWN_SIZE;
    if (__builtin_mul_overflow((uint64_t)blkid_partition_get_size(part), 512, &entry->size))
        entry->size = GROWN_SIZE;
    entry->container = blkid_partition_is_extended(part);
    const char *type = blkid_partition_get_type_string(part);
    if (type)
        take_text(entry->type, sizeof entry->type, type);
    else
        snprintf(entry->type, sizeof entry->type, "0x%x", (unsigned)blkid_partition_get_type(part));
    entry->no_filesystem = is_without_filesystem(entry->type);
    entry->flags = blkid_partition_get_flags(part);
    take_text(entry->uuid, sizeof entry->uuid, blkid_partition_get_uuid(part));
    take_text(entry->label, sizeof entry->label, blkid_partition_get_name(part));
}

static int by_number(const void *a, const void *b)
{
    const struct partition_entry *left = a, *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

static void take_list(struct partition_table *table, blkid_partlist list)
{
    int count = blkid_partlist_numof_partitions(list);
    blkid_parttable itself = blkid_partlist_get_table(list);
    table->more = count > MAX_VOLUMES;
    if (count > MAX_VOLUMES)
        count = MAX_VOLUMES;
    table->entries = calloc((size_t)count + 1, sizeof *table->entries);
    if (!table->entries || !itself)
        return;
    take_text(table->kind, sizeof table->kind, blkid_parttable_get_type(itself));
    for (int i = 0; i < count; i++)
        take_entry(&table->entries[table->count++], blkid_partlist_get_partition(list, i));
    qsort(table->entries, table->count, sizeof *table->entries, by_number);
}

/* Whether there is a table. */
static bool read_as(int fd, uint64_t size, const struct reading *how, struct partition_table *table)
{
    /* What has no signature to speak of is found in any data. */
    static const char *const not_these[] = {"atari", NULL};
    memset(table, 0, sizeof *table);
    blkid_probe probe = blkid_new_probe();
    if (!probe)
        return false;
    blkid_probe_enable_superblocks(probe, 0);
    blkid_probe_enable_partitions(probe, 1);
    blkid_probe_filter_partitions_type(probe, BLKID_FLTR_NOTIN, (char **)(uintptr_t)not_these);
    blkid_probe_set_partitions_flags(probe, how->forced ? BLKID_PARTS_FORCE_GPT : 0);
    if (blkid_probe_set_device(probe, fd, 0, (blkid_loff_t)size) == 0 &&
        (how->sector == 0 || blkid_probe_set_sectorsize(probe, how->sector) == 0)) {
        blkid_partlist list = blkid_probe_get_partitions(probe);
        if (list)
            take_list(table, list);
    }
    blkid_free_probe(probe);
    if (!table->kind[0])
        partition_table_clear(table);
    return table->kind[0] != '\0';
}

void partition_table_read(int fd, uint64_t size, struct partition_table *table)
{
    read_as(fd, size, &(struct reading){.forced = false}, table);
}

static bool has_bytes(int fd, uint64_t offset, const char *bytes, size_t count)
{
    char found[16];
    return count <= sizeof found && pread(fd, found, count, (off_t)offset) == (ssize_t)count &&
           memcmp(found, bytes, count) == 0;
}

static const char gpt_signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

/* Whether a GUID table's header is at its place: the second sector. */
static bool has_first_header(int fd)
{
    return has_bytes(fd, 512, gpt_signature, sizeof gpt_signature) ||
           has_bytes(fd, 4096, gpt_signature, sizeof gpt_signature);
}

/* Traces of a GUID table: the header's signature, also in the last sector, and the type 0xee of a
 * protective MBR's first entry (UEFI 2.10, 5.2.3 and 5.3.2). */
static const char *fault_of(int fd, uint64_t size)
{
    if (has_first_header(fd) ||
        (size > 8192 && (has_bytes(fd, size - 512, gpt_signature, sizeof gpt_signature) ||
                         has_bytes(fd, size - 4096, gpt_signature, sizeof gpt_signature))))
        return "its partition table (GPT) is damaged: no copy of it can be read";
    if (has_bytes(fd, 510, "\x55\xaa", 2) && has_bytes(fd, 450, "\xee", 1))
        return "its partition table (GPT) is gone: there is its protective MBR alone";
    return NULL;
}

/* A file in memory that begins as the device does, and is larger than any device: libblkid refuses
 * a table that is for more than there is. -1: there is no memory for it, or nothing to read. */
static int grow(int fd)
{
    char *front = malloc(FRONT_SIZE);
    int grown = memfd_create("grown", MFD_CLOEXEC);
    ssize_t length = front ? pread(fd, front, FRONT_SIZE, 0) : -1;
    bool copied = grown >= 0 && length > 0 && write(grown, front, (size_t)length) == length &&
                  ftruncate(grown, (off_t)GROWN_SIZE) == 0;
    free(front);
    if (!copied && grown >= 0)
        close(grown);
    return copied ? grown : -1;
}

/* Whether it is there for a device that was larger. */
static bool read_grown(int fd, unsigned sector, struct partition_table *table)
{
    int grown = grow(fd);
    bool found = grown >= 0 && read_as(grown, GROWN_SIZE, &(struct reading){sector, true}, table);
    if (grown >= 0)
        close(grown);
    table->cut = found;
    return found;
}

void partition_table_search(int fd, uint64_t size, struct partition_table *table)
{
    int sector = 512;
    ioctl(fd, BLKSSZGET, &sector);
    const unsigned other = sector == 512 ? 4096 : 512;
    const struct reading ways[] = {{0, false}, {0, true}, {other, true}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (read_as(fd, size, &ways[i], table)) {
            table->sector = ways[i].sector;
            return;
        }
    bool header = has_first_header(fd);
    if (header && read_grown(fd, (unsigned)sector, table))
        return;
    if (header && read_grown(fd, other, table))
        table->sector = other;
    else
        table->fault = fault_of(fd, size);
}

const struct partition_entry *partition_table_find(const struct partition_table *table,
                                                   unsigned number)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->entries[i].number == number)
            return &table->entries[i];
    return NULL;
}

void partition_table_clear(struct partition_table *table)
{
    free(table->entries);
    memset(table, 0, sizeof *table);
}
