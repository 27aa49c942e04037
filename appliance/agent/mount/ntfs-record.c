/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ntfs-record.h"
#include "agent/util/utf16.h"
#include "little-endian.h"
#include <string.h>

/* The layout is that of ntfs-3g's layout.h: MFT_RECORD, ATTR_RECORD, STANDARD_INFORMATION,
 * FILE_NAME_ATTR. What is answered is what its ntfs_fuse_getattr() fills in. */
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

/* Of the number of a record; above it is a count of its uses. */
#define REFERENCE_MASK (((uint64_t)1 << 48) - 1)

/* Times count 100 ns from 1601. */
#define TIME_OFFSET ((int64_t)(369 * 365 + 89) * 24 * 3600 * 10000000)

/* An attribute within a record. */
struct attribute {
    const unsigned char *bytes;
    uint32_t type, length;
    bool resident, named;
};

/* What the attributes of a file's record say. */
struct found {
    const unsigned char *information;
    bool named; /* it is in that directory, by that name */
    bool data;
    uint64_t size, allocated;
};

uint32_t ntfs_record_size(const unsigned char *record)
{
    uint32_t size = memcmp(record, "FILE", 4) == 0 ? little_endian_32(record + 28) : 0;
    return size >= NTFS_RECORD_MIN && size <= NTFS_RECORD_MAX && (size & (size - 1)) == 0 ? size
                                                                                          : 0;
}

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

/* Whether it is all of a file that is in use. */
static bool is_whole(const unsigned char *record, uint32_t size)
{
    return little_endian_32(record + 28) == size && little_endian_32(record + 24) <= size &&
           little_endian_64(record + 32) == 0 &&
           (little_endian_16(record + 22) & (RECORD_IN_USE | RECORD_IS_DIRECTORY)) == RECORD_IN_USE;
}

/* The value of a resident attribute, with at least so many bytes. */
static const unsigned char *value_of(const struct attribute *what, uint32_t least)
{
    uint32_t length = little_endian_32(what->bytes + 16), at = little_endian_16(what->bytes + 20);
    if (!what->resident || length < least || at > what->length || length > what->length - at)
        return NULL;
    return what->bytes + at;
}

/* Whether its parts are within it, as ntfs_attr_inconsistent() looks: where they are not, ntfs-3g
 * says that the file is damaged. */
static bool is_consistent(const struct attribute *what)
{
    const unsigned char *bytes = what->bytes;
    uint32_t name_ends = little_endian_16(bytes + 10) + (uint32_t)bytes[9] * 2;
    if (what->named && name_ends > what->length)
        return false;
    if (what->resident)
        return little_endian_16(bytes + 20) % 8 == 0 && value_of(what, 0);
    return bytes[8] == 1 && what->length >= 64 && little_endian_16(bytes + 32) < what->length &&
           little_endian_64(bytes + 24) + 1 >= little_endian_64(bytes + 16) + 1;
}

/* The attribute at that offset, or ATTRIBUTES_END. false: it is none that is whole. */
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
    return is_consistent(found);
}

static bool take_data(const struct attribute *what, struct found *found)
{
    uint16_t flags = little_endian_16(what->bytes + 12);
    bool squeezed = flags & (DATA_COMPRESSED | DATA_SPARSE);
    if (what->resident) {
        found->size = little_endian_32(what->bytes + 16);
        found->allocated = (found->size + 7) & ~(uint64_t)7;
        return true;
    }
    if ((squeezed && what->length < 72) || little_endian_64(what->bytes + 16) != 0)
        return false;
    found->size = little_endian_64(what->bytes + 48);
    found->allocated = little_endian_64(what->bytes + (squeezed ? 64 : 40));
    return found->size <= INT64_MAX && found->allocated <= INT64_MAX - 511;
}

/* Whether an attribute is that name in that directory. A damaged directory says other names than
 * its files do. */
static bool is_name(const struct attribute *what, uint64_t directory, const char *name)
{
    char text[UINT8_MAX * UTF16_BYTES];
    const unsigned char *value = value_of(what, 66);
    size_t units = value ? value[64] : 0;
    if (!value || (little_endian_64(value) & REFERENCE_MASK) != directory ||
        !value_of(what, 66 + (uint32_t)units * 2))
        return false;
    size_t length = utf16_to_utf8(value + 66, units, text);
    return length > 0 && strlen(name) == length && memcmp(text, name, length) == 0;
}

/* false: ntfs-3g is to be asked. */
static bool take_attribute(const struct attribute *what, uint64_t directory, const char *name,
                           struct found *found)
{
    switch (what->type) {
    case STANDARD_INFORMATION:
        if (found->information)
            return false;
        found->information = value_of(what, 48);
        return found->information != NULL;
    case FILE_NAME:
        if (!value_of(what, 66))
            return false;
        found->named = found->named || is_name(what, directory, name);
        return true;
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

static bool take_record(const unsigned char *record, uint64_t directory, const char *name,
                        struct found *found)
{
    uint32_t used = little_endian_32(record + 24), at = little_endian_16(record + 20);
    struct attribute what;
    memset(found, 0, sizeof *found);
    for (;;) {
        if (!attribute_at(record, used, at, &what))
            return false;
        if (what.type == ATTRIBUTES_END)
            break;
        if (!take_attribute(&what, directory, name, found))
            return false;
        at += what.length;
    }
    return found->information && found->named && found->data &&
           !(little_endian_32(found->information + 32) & (FLAG_SYSTEM | FLAG_REPARSE_POINT));
}

/* As ntfs2timespec(), which has no nanoseconds before 1970. */
static struct statx_timestamp time_of(const unsigned char *at)
{
    int64_t since = (int64_t)(little_endian_64(at) - (uint64_t)TIME_OFFSET);
    int64_t rest = since % 10000000;
    return (struct statx_timestamp){.tv_sec = since / 10000000,
                                    .tv_nsec = rest > 0 ? (uint32_t)rest * 100 : 0};
}

bool ntfs_record_stat(unsigned char *record, uint32_t size, uint64_t directory, const char *name,
                      struct statx *status)
{
    struct found found;
    if (!undo_update_sequence(record, size) || !is_whole(record, size) ||
        !take_record(record, directory, name, &found))
        return false;
    status->stx_nlink = little_endian_16(record + 18);
    status->stx_size = found.size;
    status->stx_blocks = (found.allocated + 511) >> 9;
    status->stx_mtime = time_of(found.information + 8);
    status->stx_ctime = time_of(found.information + 16);
    status->stx_atime = time_of(found.information + 24);
    return true;
}
