/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of one directory, sorted by byte.
 *
 * All lists that exist at the same time share one limit of bytes, so a tree of huge directories
 * takes no more memory than one of them may: WALK_NAMES_MAX in walk.h. */
#ifndef VLT_AGENT_DIRECTORY_NAMES_H
#define VLT_AGENT_DIRECTORY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty list. */
struct directory_names {
    char *bytes; /* strings, each with the inode's number before it */
    uint32_t *offsets;
    size_t used, room, count, next;
};

enum directory_names_what {
    DIRECTORY_NAMES_PLAIN = 0,
    DIRECTORY_NAMES_DOTS = 1, /* with "." and ".." */
    DIRECTORY_NAMES_SUBTREES =
        2 /* a sub-directory has two names: NAME, and NAME/ for its content */
};

/* `ino`: the inode's number where the directory says that it is not a directory; else 0.
 * `regular`: … and that it is a regular file. */
struct name {
    const char *text;
    uint64_t ino;
    bool regular;
};

/* Reads the names of the directory (open for reading, at its beginning) into an empty list, and
 * sorts them. 0 or -errno: names that were read before the error are in the list. -E2BIG: *held
 * would exceed `limit` bytes; the list is empty then. */
int directory_names_read(struct directory_names *list, int directory,
                         enum directory_names_what what, size_t *held, size_t limit);

/* The next one, in the list's memory; its text is NULL at the end. */
struct name directory_names_next(struct directory_names *list);

/* Empties the list, and subtracts its bytes from *held. */
void directory_names_clear(struct directory_names *list, size_t *held);

#endif
