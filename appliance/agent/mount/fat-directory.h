/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names in a directory of a vfat, as the kernel shows them (fs/fat/dir.c), and where their
 * entries are. */
#ifndef VLT_AGENT_FAT_DIRECTORY_H
#define VLT_AGENT_FAT_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAT_DIRECTORY_ENTRY 32 /* bytes */
/* The kernel reads no more of one (FAT_MAX_DIR_ENTRIES). */
#define FAT_DIRECTORY_ENTRIES_MAX 65536

/* Fields of an entry that is not part of a long name. */
#define FAT_ENTRY_ATTRIBUTES 11
#define FAT_ATTRIBUTE_READ_ONLY 0x01
#define FAT_ATTRIBUTE_VOLUME 0x08
#define FAT_ATTRIBUTE_DIRECTORY 0x10

struct fat_directory_name {
    uint32_t text;  /* where in `names` */
    uint32_t entry; /* which entry has its fields */
};

/* All zero is an empty one. */
struct fat_directory {
    struct fat_directory_name *list; /* in the order of strcmp() */
    size_t count;
    char *names;
    size_t used; /* bytes of names */
};

/* Fills in an empty one. Left out are names whose parts do not fit together, and with characters
 * that not every mount shows in the same way (short names that are not ASCII, characters outside of
 * the Basic Multilingual Plane). false: no memory. */
bool fat_directory_fill(struct fat_directory *self, const unsigned char *entries, size_t count);
void fat_directory_clear(struct fat_directory *self);

/* The entry of that name; -1: there is none, or more than one. */
long fat_directory_find(const struct fat_directory *self, const char *name);

#endif
