/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A partition table of any kind, in a volume: what it says goes to the inventory, and every entry
 * of it is a row, content that is no filesystem, or a failure with a reason. clang
 * -fsanitize=fuzzer, or with replay.c.
 *
 * The first two bytes of the input say how many of the rest are at the beginning of the volume;
 * what follows is at its end. So second copies can be there, too. */
#include "agent/mount/partition-table.h"
#include "agent/volume/inventory.h"
#include "agent/volume/partitions.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define VOLUME_SIZE ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The volume, as a file in memory. */
static int make_volume(const uint8_t *data, size_t size)
{
    size_t front = data[0] | (size_t)data[1] << 8;
    data += 2;
    size -= 2;
    front = front < size ? front : size;
    size_t end = size - front < VOLUME_SIZE ? size - front : VOLUME_SIZE;
    int fd = memfd_create("volume", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, VOLUME_SIZE) < 0 || pwrite(fd, data, front, 0) != (ssize_t)front ||
        pwrite(fd, data + front, end, (off_t)(VOLUME_SIZE - end)) != (ssize_t)end)
        abort();
    return fd;
}

/* What the entries of a table are to be: the kernel has no device of them here, so each that is
 * not a mere container is a failure. */
static size_t expected(const struct partition_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct partition_entry *entry = &table->entries[i];
        if (entry->start >= VOLUME_SIZE)
            count++;
        else if (entry->container)
            count += entry->start + entry->size > VOLUME_SIZE;
        else
            count += entry->size > 0;
        if (i > 0 && table->entries[i - 1].number > entry->number)
            abort();
    }
    return count;
}

/* Whether it is known what becomes of it. */
static bool is_settled(const struct content *what)
{
    if (what->status != STATUS_OK)
        return what->message[0] != '\0';
    return what->kind != CONTENT_UNKNOWN || what->blank || what->no_filesystem;
}

static void check(const volume_table *all, const struct partition_table *table)
{
    size_t count = volume_table_count(all), wanted = expected(table);
    const struct content *whole = volume_table_at(all, 0);
    if (count - 1 != wanted && !volume_table_truncated(all))
        abort();
    if (table->count > 0 && table->more && !volume_table_truncated(all))
        abort();
    if (whole->hidden ? count == 1 : !is_settled(whole))
        abort();
    if (table->fault && whole->status == STATUS_OK)
        abort();
    for (size_t i = 1; i < count; i++)
        if (!is_settled(volume_table_at(all, i)))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volume_table *all;
    static filesystem_probe *probe;
    char path[64], why[64];
    struct partition_table table;
    if (size < 2)
        return 0;
    if (!all) {
        all = volume_table_new(NULL, NULL, &detached_mounts_ops_pretend, false);
        probe = filesystem_probe_new();
    }
    if (!all || !probe || volume_table_find(all, NULL, 0, NULL, 0, why, sizeof why) < 0)
        abort(); /* with no disks: it is empty then */
    AUTO_FD int fd = make_volume(data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct content *whole = volume_table_add(all, VOLUME_LOGICAL, "vg/disk", path, 0);
    bool searched = whole->kind == CONTENT_UNKNOWN && whole->status == STATUS_OK;
    partition_table_search(fd, VOLUME_SIZE, &table);
    partitions_find_nested(all);
    inventory_settle(all, probe);
    if (searched)
        check(all, &table);
    partition_table_clear(&table);
    return 0;
}
