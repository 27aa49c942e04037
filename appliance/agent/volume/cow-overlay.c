/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cow-overlay.h"
#include "agent/device/device-nodes.h"
#include "base/cleanup.h"
#include "device-mapper.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>

/* Documentation/admin-guide/devices.txt. Opening a RAM disk that is not there makes it, of the size
 * that appliance/debian/modules says (brd, rd_size). */
#define RAM_MAJOR 1

/* Sectors of a piece, as dm-snapshot wants it: a power of two, and a page at least. */
static const unsigned chunks[] = {[COW_OVERLAY_WRITTEN] = 8, [COW_OVERLAY_READ] = 256};

/* RAM disks that there may be. */
#define RAMS_MAX 1024

/* What stays for everything else: the filesystem that is recovered, too. */
#define RESERVE (64U << 20)

/* Bytes that each RAM disk has taken, as far as cow_overlay_used() saw it. */
static uint64_t taken[RAMS_MAX];

/* By their first RAM disk: the views whose store is a device of its own. */
static bool has_store[RAMS_MAX];

static int open_ram(unsigned index)
{
    char path[COW_OVERLAY_NODE_MAX];
    snprintf(path, sizeof path, "/dev/ram%u", index);
    if (mknod(path, S_IFBLK | 0600, makedev(RAM_MAJOR, index)) < 0 && errno != EEXIST)
        return -errno;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void overlay_name(unsigned first, char name[32])
{
    snprintf(name, 32, "overlay%u", first);
}

static void store_name(unsigned first, char name[32])
{
    snprintf(name, 32, "store%u", first);
}

unsigned cow_overlay_rams(uint64_t room)
{
    return (unsigned)((room + COW_OVERLAY_RAM - 1) / COW_OVERLAY_RAM);
}

/* Several RAM disks, or a part of one, as one device. */
static int make_store(unsigned first, uint64_t room, dev_t *number)
{
    struct device_mapper_part parts[RAMS_MAX];
    char parameters[RAMS_MAX][16], name[32];
    unsigned rams = cow_overlay_rams(room);
    for (unsigned i = 0; i < rams; i++) {
        uint64_t here = room < COW_OVERLAY_RAM ? room : COW_OVERLAY_RAM;
        AUTO_FD int ram = open_ram(first + i);
        if (ram < 0)
            return ram;
        snprintf(parameters[i], sizeof parameters[i], "%d:%u 0", RAM_MAJOR, first + i);
        parts[i] = (struct device_mapper_part){here / 512, "linear", parameters[i]};
        room -= here;
    }
    store_name(first, name);
    has_store[first] = true;
    return device_mapper_create(name, false, parts, rams, number);
}

/* Kinds of devices have caches of the kernel's in common, which are made with the first and go with
 * the last. One of each kind stays: without them making a view takes half as long again. */
static void make_keepers(unsigned ram)
{
    static const struct device_mapper_part nothing = {1, "error", ""};
    static bool made;
    char parameters[64];
    dev_t number;
    AUTO_FD int other = made ? -1 : open_ram(RAMS_MAX);
    if (other < 0)
        return;
    made = true;
    snprintf(parameters, sizeof parameters, "%d:%d %d:%u N %u", RAM_MAJOR, RAMS_MAX, RAM_MAJOR, ram,
             chunks[COW_OVERLAY_WRITTEN]);
    const struct device_mapper_part view = {chunks[COW_OVERLAY_WRITTEN], "snapshot", parameters};
    device_mapper_create("keeper1", false, &nothing, 1, &number);
    device_mapper_create("keeper2", false, &view, 1, &number);
}

static int make_view(unsigned first, enum cow_overlay_use use, dev_t origin, dev_t store,
                     uint64_t size, dev_t *number)
{
    char name[32], parameters[128];
    overlay_name(first, name);
    /* N: the exceptions are kept in memory only. */
    snprintf(parameters, sizeof parameters, "%u:%u %u:%u N %u", major(origin), minor(origin),
             major(store), minor(store), chunks[use]);
    const struct device_mapper_part part = {size / 512, "snapshot", parameters};
    make_keepers(first);
    return device_mapper_make(name, false, &part, 1, number);
}

uint64_t cow_overlay_room(unsigned first)
{
    struct sysinfo memory;
    if (sysinfo(&memory) < 0 || first >= RAMS_MAX)
        return 0;
    uint64_t room = ((uint64_t)memory.freeram + memory.bufferram) * memory.mem_unit;
    /* What disks behind the view's own have taken is of no use to it. */
    for (unsigned i = first; i < RAMS_MAX && (uint64_t)(i - first) * COW_OVERLAY_RAM <= room; i++)
        room += taken[i];
    if (room > (uint64_t)(RAMS_MAX - first) * COW_OVERLAY_RAM)
        return (uint64_t)(RAMS_MAX - first) * COW_OVERLAY_RAM;
    return room > RESERVE ? room - RESERVE : 0;
}

int cow_overlay_make(unsigned first, uint64_t room, enum cow_overlay_use use, dev_t origin,
                     uint64_t size, char node[COW_OVERLAY_NODE_MAX], dev_t *number)
{
    char name[32];
    dev_t store = makedev(RAM_MAJOR, first);
    if (room == 0 || first >= RAMS_MAX || cow_overlay_rams(room) > RAMS_MAX - first)
        return -ENOMEM;
    AUTO_FD int ram = open_ram(first);
    if (ram < 0)
        return ram;
    int result = room == COW_OVERLAY_RAM ? 0 : make_store(first, room, &store);
    if (result < 0)
        return result;
    result = make_view(first, use, origin, store, size, number);
    if (result < 0) {
        cow_overlay_remove(first);
        return result;
    }
    overlay_name(first, name);
    snprintf(node, COW_OVERLAY_NODE_MAX, "/dev/mapper/%s", name);
    device_nodes_make(node, major(*number), minor(*number));
    return 0;
}

/* A view fills its RAM disks from the first on. */
static void note_taken(unsigned first, uint64_t bytes)
{
    for (unsigned i = first; bytes > 0 && i < RAMS_MAX; i++) {
        uint64_t here = bytes < COW_OVERLAY_RAM ? bytes : COW_OVERLAY_RAM;
        if (taken[i] < here)
            taken[i] = here;
        bytes -= here;
    }
}

/* Documentation/admin-guide/device-mapper/snapshot.rst: "USED/TOTAL METADATA" in sectors, or
 * "Invalid". */
uint64_t cow_overlay_used(unsigned first)
{
    char name[32], text[128];
    uint64_t sectors;
    overlay_name(first, name);
    if (device_mapper_status(name, text, sizeof text) < 0 ||
        sscanf(text, "%" SCNu64 "/", &sectors) != 1)
        return UINT64_MAX;
    note_taken(first, sectors * 512);
    return sectors * 512;
}

int cow_overlay_remove(unsigned first)
{
    char name[32];
    overlay_name(first, name);
    int result = device_mapper_empty(name);
    if (result < 0)
        return result;
    if (!has_store[first])
        return 0;
    store_name(first, name);
    result = device_mapper_remove(name);
    has_store[first] = result < 0 && result != -ENXIO;
    return result == -ENXIO ? 0 : result;
}

bool cow_overlay_stays(const char *name)
{
    static const char *const ours[] = {"overlay", "store", "keeper"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strncmp(name, ours[i], strlen(ours[i])) == 0 && !strchr(name, '-'))
            return true;
    return false;
}

int cow_overlay_clear(unsigned count)
{
    int result = 0;
    while (count > 0) {
        int one = cow_overlay_remove(--count);
        result = result < 0 ? result : one;
    }
    return result;
}
