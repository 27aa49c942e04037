/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of one directory, sorted by byte.
 *
 * The memory of all lists that are held at the same time is counted in one place, by bytes, so that
 * a tree of huge directories costs no more than one of them may: see WALK_NAMES_MAX in walk.h. */
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
        2 /* a sub-directory stands there twice: NAME, and NAME/ for what is below it */
};

/* Of a name: the inode's number, where the directory says that it is no directory's; or 0. */
struct name {
    const char *text;
    uint32_t ino;
};

/* Adds what is in the directory (open for reading, at its beginning) to an empty list, and sorts
 * it. 0 or -errno: what was read before the error is in the list. -E2BIG: with more of them, *held
 * would be above `limit` bytes; the list is empty then. */
int directory_names_read(struct directory_names *list, int directory,
                         enum directory_names_what what, size_t *held, size_t limit);

/* The next one, in the list's memory; its text is NULL at the end. */
struct name directory_names_next(struct directory_names *list);

/* Empties the list, and takes it off *held. */
void directory_names_clear(struct directory_names *list, size_t *held);

#endif
