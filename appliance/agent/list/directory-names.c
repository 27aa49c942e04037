/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "directory-names.h"
#include "base/cleanup.h"
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* One getdents64 of it is some thousand names. */
#define READ_SIZE (128 * 1024)

/* What a list has room for at first; most directories are small. */
#define FIRST_ROOM 1024
#define FIRST_SLOTS 32

/* In the number of an inode that is kept: it is a regular file. No filesystem gives such numbers.
 */
#define REGULAR ((uint64_t)1 << 63)

static size_t slots_of(size_t count)
{
    size_t slots = FIRST_SLOTS;
    while (slots < count)
        slots *= 2;
    return slots;
}

/* Room for one more string of `length` bytes, NUL included. */
static int make_room(struct directory_names *list, size_t length, size_t *held, size_t limit)
{
    if (list->used + length > list->room) {
        size_t room = list->room ? list->room : FIRST_ROOM;
        while (room < list->used + length)
            room *= 2;
        if (*held + room - list->room > limit)
            return -E2BIG;
        char *bytes = realloc(list->bytes, room);
        if (!bytes)
            return -ENOMEM;
        *held += room - list->room;
        list->bytes = bytes;
        list->room = room;
    }
    size_t slots = list->offsets ? slots_of(list->count) : 0;
    if (list->count < slots)
        return 0;
    size_t more = slots_of(list->count + 1);
    if (*held + (more - slots) * sizeof *list->offsets > limit)
        return -E2BIG;
    uint32_t *offsets = reallocarray(list->offsets, more, sizeof *offsets);
    if (!offsets)
        return -ENOMEM;
    *held += (more - slots) * sizeof *offsets;
    list->offsets = offsets;
    return 0;
}

static int add(struct directory_names *list, const char *name, const char *suffix, uint64_t ino,
               size_t *held, size_t limit)
{
    size_t length = strlen(name), more = strlen(suffix) + 1;
    int result = make_room(list, sizeof ino + length + more + sizeof(uint64_t), held, limit);
    if (result < 0)
        return result;
    memcpy(list->bytes + list->used, &ino, sizeof ino);
    list->used += sizeof ino;
    list->offsets[list->count++] = (uint32_t)list->used;
    memcpy(list->bytes + list->used, name, length);
    memcpy(list->bytes + list->used + length, suffix, more);
    list->used += length + more;
    memset(list->bytes + list->used, 0, sizeof(uint64_t)); /* compare() may look so far */
    return 0;
}

static bool is_directory(int directory, const struct dirent64 *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
           S_ISDIR(status.st_mode);
}

static uint64_t inode_of(const struct dirent64 *entry)
{
    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_DIR || (entry->d_ino & REGULAR))
        return 0;
    return entry->d_type == DT_REG ? entry->d_ino | REGULAR : entry->d_ino;
}

static int take(struct directory_names *list, int directory, const struct dirent64 *entry,
                enum directory_names_what what, size_t *held, size_t limit)
{
    const char *name = entry->d_name;
    if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
        return 0;
    int result = add(list, name, "", inode_of(entry), held, limit);
    if (result == 0 && (what & DIRECTORY_NAMES_SUBTREES) && is_directory(directory, entry))
        result = add(list, name, "/", 0, held, limit);
    return result;
}

static int read_all(struct directory_names *list, int directory, enum directory_names_what what,
                    size_t *held, size_t limit)
{
    AUTO_FREE char *buffer = malloc(READ_SIZE);
    if (!buffer)
        return -ENOMEM;
    for (;;) {
        ssize_t length = getdents64(directory, buffer, READ_SIZE);
        if (length <= 0)
            return length < 0 ? -errno : 0;
        for (ssize_t at = 0; at < length;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(buffer + at);
            int result = take(list, directory, entry, what, held, limit);
            if (result < 0)
                return result;
            at += entry->d_reclen;
        }
    }
}

/* The first bytes of a name as a number that is in their order. What follows the end of a short
 * name counts only against one that is the same. */
static uint64_t beginning(const char *name)
{
    uint64_t bytes;
    memcpy(&bytes, name, sizeof bytes);
    return be64toh(bytes);
}

/* strcmp() compares as unsigned bytes; no name has a NUL in it. Under emulation its call is dear,
 * and most names differ in their first bytes. */
static int compare(const void *a, const void *b, void *bytes)
{
    const char *base = bytes, *first = base + *(const uint32_t *)a,
               *second = base + *(const uint32_t *)b;
    uint64_t x = beginning(first), y = beginning(second);
    if (x != y)
        return x < y ? -1 : 1;
    return strcmp(first, second);
}

int directory_names_read(struct directory_names *list, int directory,
                         enum directory_names_what what, size_t *held, size_t limit)
{
    int result = 0;
    if (what & DIRECTORY_NAMES_DOTS) {
        result = add(list, ".", "", 0, held, limit);
        if (result == 0)
            result = add(list, "..", "", 0, held, limit);
    }
    if (result == 0)
        result = read_all(list, directory, what, held, limit);
    if (result == -E2BIG)
        directory_names_clear(list, held);
    if (list->count > 1)
        qsort_r(list->offsets, list->count, sizeof *list->offsets, compare, list->bytes);
    return result;
}

struct name directory_names_next(struct directory_names *list)
{
    struct name name = {.text = NULL};
    if (list->next == list->count)
        return name;
    name.text = list->bytes + list->offsets[list->next++];
    memcpy(&name.ino, name.text - sizeof name.ino, sizeof name.ino);
    name.regular = name.ino & REGULAR;
    name.ino &= ~REGULAR;
    return name;
}

void directory_names_clear(struct directory_names *list, size_t *held)
{
    *held -= list->room;
    if (list->offsets)
        *held -= slots_of(list->count) * sizeof *list->offsets;
    free(list->bytes);
    free(list->offsets);
    memset(list, 0, sizeof *list);
}
