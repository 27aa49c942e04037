/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filesystem-size.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* How the size of a unit is written. */
enum unit {
    UNIT_BYTES, /* it is one byte */
    UNIT_LITTLE_16,
    UNIT_BIG_32,
    UNIT_SHIFT_8, /* the exponent of two */
    UNIT_4096
};

/* A count of units in the superblock, and how large a unit is. */
struct place {
    const char *type;
    unsigned count_at, count_bytes;
    bool big_endian;
    enum unit unit;
    unsigned unit_at;
};

/* Offsets from the beginning of the volume. */
static const struct place places[] = {
    {"xfs", 8, 8, true, UNIT_BIG_32, 4},                /* sb_dblocks, sb_blocksize */
    {"squashfs", 40, 8, false, UNIT_BYTES, 0},          /* bytes_used */
    {"f2fs", 1024 + 36, 8, false, UNIT_4096, 0},        /* block_count */
    {"erofs", 1024 + 36, 4, false, UNIT_SHIFT_8, 1036}, /* blocks, blkszbits */
    {"exfat", 72, 8, false, UNIT_SHIFT_8, 108},         /* VolumeLength, BytesPerSectorShift */
    {"ntfs", 40, 8, false, UNIT_LITTLE_16, 11},         /* sectors, bytes of one */
    {"hfsplus", 1024 + 44, 4, true, UNIT_BIG_32, 1064}, /* totalBlocks, blockSize */
    {"vfat", 19, 2, false, UNIT_LITTLE_16, 11},         /* sectors; 0: … */
    {"vfat", 32, 4, false, UNIT_LITTLE_16, 11},         /* … they are here */
};

static uint64_t number(const unsigned char *bytes, unsigned count, bool big_endian)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[big_endian ? i : count - 1 - i];
    return value;
}

static uint64_t unit_size(const unsigned char *start, const struct place *place)
{
    switch (place->unit) {
    case UNIT_BYTES:
        return 1;
    case UNIT_LITTLE_16:
        return number(start + place->unit_at, 2, false);
    case UNIT_BIG_32:
        return number(start + place->unit_at, 4, true);
    case UNIT_SHIFT_8:
        return start[place->unit_at] < 32 ? 1ULL << start[place->unit_at] : 0;
    case UNIT_4096:
        return 4096;
    }
    return 0;
}

uint64_t filesystem_size_claimed(const char *type, int fd)
{
    unsigned char start[2048];
    uint64_t size;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct place *place = &places[i];
        if (strcmp(place->type, type) != 0)
            continue;
        if (pread(fd, start, sizeof start, 0) != sizeof start)
            return 0;
        if (__builtin_mul_overflow(
                number(start + place->count_at, place->count_bytes, place->big_endian),
                unit_size(start, place), &size))
            return 0;
        if (size > 0)
            return size;
    }
    return 0;
}
