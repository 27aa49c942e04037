/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fat-directory.h"
#include "agent/util/utf16.h"
#include <stdlib.h>
#include <string.h>

/* The layout is that of the kernel's msdos_fs.h: struct msdos_dir_entry, msdos_dir_slot. */
#define SHORT_NAME 11
#define SHORT_BASE 8
#define CASE 12
#define CASE_LOWER_BASE 0x08
#define CASE_LOWER_EXTENSION 0x10

#define ATTRIBUTES_OF_SLOT 0x0f /* of a part of a long name */
#define SLOT_LAST 0x40          /* it comes first */
#define SLOT_CHECKSUM 13
#define SLOT_UNITS 13 /* UTF-16 */
#define SLOTS_MAX 20

#define DELETED 0xe5

/* One name takes at most so many bytes for each of its entries: UTF-8 of 13 units, and the NUL. */
#define BYTES_FOR_ENTRY (SLOT_UNITS * UTF16_BYTES + 1)

/* A long name whose parts are being read. */
struct long_name {
    unsigned char units[SLOTS_MAX * SLOT_UNITS * 2]; /* UTF-16 */
    unsigned slots, missing;                         /* slots 0: there is none */
    unsigned char checksum;
};

/* fat_checksum() */
static unsigned char checksum_of(const unsigned char *name)
{
    unsigned sum = 0;
    for (size_t i = 0; i < SHORT_NAME; i++)
        sum = ((sum & 1) << 7 | (sum & 0xff) >> 1) + name[i];
    return (unsigned char)sum;
}

static void copy_units(const unsigned char *slot, unsigned char *units)
{
    memcpy(units, slot + 1, 10);
    memcpy(units + 10, slot + 14, 12);
    memcpy(units + 22, slot + 28, 4);
}

static void take_slot(struct long_name *name, const unsigned char *slot)
{
    unsigned number = slot[0] & ~(unsigned)SLOT_LAST;
    if (slot[0] & SLOT_LAST) {
        name->slots = number <= SLOTS_MAX ? number : 0;
        name->missing = name->slots;
        name->checksum = slot[SLOT_CHECKSUM];
    }
    if (name->slots == 0 || number != name->missing || number == 0 ||
        slot[SLOT_CHECKSUM] != name->checksum) {
        name->slots = 0;
        return;
    }
    name->missing--;
    copy_units(slot, name->units + (size_t)name->missing * SLOT_UNITS * 2);
}

/* A part of a short name, without the spaces behind it. -1: it is not ASCII. */
static int write_part(const unsigned char *part, size_t size, bool lower, char *to)
{
    while (size > 0 && part[size - 1] == ' ')
        size--;
    for (size_t i = 0; i < size; i++) {
        if (part[i] < ' ' || part[i] >= 0x7f)
            return -1;
        to[i] = (char)(lower && part[i] >= 'A' && part[i] <= 'Z' ? part[i] + ('a' - 'A') : part[i]);
    }
    return (int)size;
}

static size_t write_short(const unsigned char *entry, char *to)
{
    int base = write_part(entry, SHORT_BASE, entry[CASE] & CASE_LOWER_BASE, to);
    if (base <= 0)
        return 0;
    to[base] = '.';
    int extension = write_part(entry + SHORT_BASE, SHORT_NAME - SHORT_BASE,
                               entry[CASE] & CASE_LOWER_EXTENSION, to + base + 1);
    if (extension < 0)
        return 0;
    return (size_t)(extension > 0 ? base + 1 + extension : base);
}

static void take_name(struct fat_directory *self, const struct long_name *name,
                      const unsigned char *entry, size_t number)
{
    char *to = self->names + self->used;
    bool is_long = name->slots > 0 && name->missing == 0 && name->checksum == checksum_of(entry);
    size_t length = is_long ? utf16_to_utf8(name->units, (size_t)name->slots * SLOT_UNITS, to)
                            : write_short(entry, to);
    if (length == 0)
        return;
    to[length] = '\0';
    self->list[self->count++] = (struct fat_directory_name){(uint32_t)self->used, (uint32_t)number};
    self->used += length + 1;
}

static int compare(const void *a, const void *b, void *names)
{
    const struct fat_directory_name *first = a, *second = b;
    return strcmp((const char *)names + first->text, (const char *)names + second->text);
}

bool fat_directory_fill(struct fat_directory *self, const unsigned char *entries, size_t count)
{
    struct long_name name = {.slots = 0};
    if (count > FAT_DIRECTORY_ENTRIES_MAX)
        count = FAT_DIRECTORY_ENTRIES_MAX;
    self->list = calloc(count + 1, sizeof *self->list);
    self->names = malloc((count + 1) * BYTES_FOR_ENTRY);
    if (!self->list || !self->names) {
        fat_directory_clear(self);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned char *entry = entries + i * FAT_DIRECTORY_ENTRY;
        if (entry[0] != DELETED && entry[FAT_ENTRY_ATTRIBUTES] == ATTRIBUTES_OF_SLOT) {
            take_slot(&name, entry);
            continue;
        }
        if (entry[0] && entry[0] != DELETED &&
            !(entry[FAT_ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_VOLUME))
            take_name(self, &name, entry, i);
        name.slots = 0;
    }
    qsort_r(self->list, self->count, sizeof *self->list, compare, self->names);
    return true;
}

void fat_directory_clear(struct fat_directory *self)
{
    free(self->list);
    free(self->names);
    memset(self, 0, sizeof *self);
}

static const char *text_of(const struct fat_directory *self, size_t at)
{
    return self->names + self->list[at].text;
}

long fat_directory_find(const struct fat_directory *self, const char *name)
{
    size_t from = 0, to = self->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(text_of(self, middle), name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == self->count || strcmp(text_of(self, from), name) != 0 ||
        (from + 1 < self->count && strcmp(text_of(self, from + 1), name) == 0))
        return -1;
    return (long)self->list[from].entry;
}
