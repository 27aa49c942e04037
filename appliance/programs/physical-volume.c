/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "physical-volume.h"

#include "agent/mount/little-endian.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define SECTOR 512
#define LABEL_SECTORS 4 /* where the label may be */
#define LABEL_SIZE 32
#define AREA_SIZE 16 /* an entry of a list of areas: where, and how many bytes */
#define AREAS_MAX 2
#define EXTENSION_VERSION 2
#define EXTENSION_USED 1 /* its only flag, since version 2 */
#define TEXT_VERSION 1
#define LOCATION_SIZE 24

static const char text_magic[16] = {' ', 'L', 'V', 'M', '2', ' ', 'x', '[',
                                    '5', 'A', '%', 'r', '0', 'N', '*', '>'};

/* lvm2's lib/misc/crc.c: the CRC-32 of zlib, from another start, and not inverted at either end. */
#define CHECKSUM_START 0xf597a6cf

static uint32_t checksum(const unsigned char *bytes, size_t length)
{
    return ~(uint32_t)crc32_z(~(uLong)CHECKSUM_START & UINT32_MAX, bytes, length);
}

static bool read_at(int device, uint64_t at, unsigned char *bytes, size_t length)
{
    return at <= INT64_MAX - length && pread(device, bytes, length, (off_t)at) == (ssize_t)length;
}

/* ---- the label ---- */

struct area {
    uint64_t at, size;
};

/* The one label in the first sectors; NULL: there is none, or another one. */
static const unsigned char *find_label(const unsigned char *sectors)
{
    const unsigned char *found = NULL;
    for (unsigned i = 0; i < LABEL_SECTORS; i++) {
        const unsigned char *label = sectors + (size_t)i * SECTOR;
        if (memcmp(label, "LABELONE", 8) != 0)
            continue;
        if (found || little_endian_64(label + 8) != i || memcmp(label + 24, "LVM2 001", 8) != 0 ||
            little_endian_32(label + 16) != checksum(label + 20, SECTOR - 20))
            return NULL;
        found = label;
    }
    return found;
}

/* A list of areas in a label, and behind it. false: it does not end there, or is longer. */
static bool read_areas(const unsigned char *label, size_t *at, struct area *areas, size_t *count)
{
    for (*count = 0; *at + AREA_SIZE <= SECTOR; ++*count) {
        struct area area = {little_endian_64(label + *at), little_endian_64(label + *at + 8)};
        *at += AREA_SIZE;
        if (area.at == 0)
            return true;
        if (*count == AREAS_MAX)
            return false;
        areas[*count] = area;
    }
    return false;
}

/* What stands behind the areas: whether it is in use, since there is a word for that. */
static bool is_used(const unsigned char *label, size_t at)
{
    if (at + 8 > SECTOR)
        return false;
    uint32_t version = little_endian_32(label + at), flags = little_endian_32(label + at + 4);
    if (version < EXTENSION_VERSION)
        return flags == 0;
    return version == EXTENSION_VERSION && flags == EXTENSION_USED;
}

/* The areas with metadata. */
static bool read_label(const unsigned char *label, struct physical_volume *self, struct area *areas,
                       size_t *count)
{
    struct area data[AREAS_MAX];
    size_t at = little_endian_32(label + 20), disks;
    if (at < LABEL_SIZE || at > SECTOR - PHYSICAL_VOLUME_UUID - 8)
        return false;
    memcpy(self->uuid, label + at, PHYSICAL_VOLUME_UUID);
    at += PHYSICAL_VOLUME_UUID + 8; /* and the device's size, which the text has, too */
    return read_areas(label, &at, data, &disks) && disks == 1 &&
           read_areas(label, &at, areas, count) && *count > 0 && is_used(label, at);
}

/* ---- the text ---- */

/* The area is a ring behind its header. */
static bool read_ring(int device, const struct area *area, uint64_t at, char *text, size_t length)
{
    uint64_t whole = area->size - at; /* up to the end of the area */
    size_t first = length < whole ? length : (size_t)whole;
    return read_at(device, area->at + at, (unsigned char *)text, first) &&
           read_at(device, area->at + SECTOR, (unsigned char *)text + first, length - first);
}

/* LVM counts the NUL behind a text; there is none within it. */
static bool settle_length(struct physical_volume *self)
{
    const char *end = memchr(self->text, '\0', self->length);
    if (!end)
        return true;
    bool last = end == self->text + self->length - 1;
    self->length--;
    return last;
}

/* The text that one of its entries leads to. */
static bool read_text(int device, const struct area *area, const unsigned char *location,
                      struct physical_volume *self)
{
    uint64_t at = little_endian_64(location), length = little_endian_64(location + 8);
    if (at < SECTOR || at >= area->size || length == 0 || length > PHYSICAL_VOLUME_TEXT_MAX ||
        length > area->size - SECTOR)
        return false;
    self->length = (size_t)length;
    self->text = calloc(1, self->length + 1);
    if (self->text && read_ring(device, area, at, self->text, self->length) &&
        checksum((const unsigned char *)self->text, self->length) ==
            little_endian_32(location + 16) &&
        settle_length(self))
        return true;
    free(self->text);
    self->text = NULL;
    return false;
}

/* The text of an area; one that is half written, or that LVM has been told to leave alone, is
 * LVM's. */
static bool read_area(int device, const struct area *area, struct physical_volume *self)
{
    unsigned char header[SECTOR];
    const unsigned char *location = header + 40;
    return area->at <= INT64_MAX && area->size > SECTOR && area->size <= INT64_MAX - area->at &&
           read_at(device, area->at, header, sizeof header) &&
           little_endian_32(header) == checksum(header + 4, SECTOR - 4) &&
           memcmp(header + 4, text_magic, sizeof text_magic) == 0 &&
           little_endian_32(header + 20) == TEXT_VERSION &&
           little_endian_64(header + 24) == area->at &&
           little_endian_64(header + 32) == area->size && little_endian_32(location + 20) == 0 &&
           little_endian_64(location + LOCATION_SIZE) == 0 &&
           read_text(device, area, location, self);
}

/* Where there are two areas, both say the same. */
static bool is_same(const struct physical_volume *one, const struct physical_volume *other)
{
    return one->length == other->length && memcmp(one->text, other->text, one->length) == 0;
}

bool physical_volume_read(int device, struct physical_volume *self)
{
    unsigned char sectors[LABEL_SECTORS * SECTOR];
    struct area areas[AREAS_MAX];
    size_t count = 0;
    off_t end = lseek(device, 0, SEEK_END);
    *self = (struct physical_volume){.sectors = end > 0 ? (uint64_t)end / SECTOR : 0};
    if (!read_at(device, 0, sectors, sizeof sectors))
        return false;
    const unsigned char *label = find_label(sectors);
    if (!label || !read_label(label, self, areas, &count) || !read_area(device, &areas[0], self))
        return false;
    bool same = true;
    for (size_t i = 1; same && i < count; i++) {
        struct physical_volume other = {.sectors = 0};
        same = read_area(device, &areas[i], &other) && is_same(self, &other);
        free(other.text);
    }
    if (!same)
        free(self->text);
    return same;
}
