/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-split.h"

#include "base/text-format.h"
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define SECTOR 512
#define FIRST ".001"
#define NUMBER_MAX 999

/* Files of the same name with other numbers. */
struct pieces {
    size_t count;                      /* without a gap, from 1 on */
    unsigned missing;                  /* the first that is not there, although later ones are; 0 */
    uint64_t sizes[IMAGE_EXTENTS_MAX]; /* of as many as may be */
    bool alike;                        /* none is larger than the first */
};

static char *name_of(const char *first, unsigned number)
{
    return text_format("%.*s.%03u", (int)(strlen(first) - strlen(FIRST)), first, number);
}

static bool is_first(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(FIRST) && strcmp(name + length - strlen(FIRST), FIRST) == 0 &&
           name[length - strlen(FIRST) - 1] != '/';
}

/* All numbers are asked for: a piece may be missing. */
static int look_for(const struct image_file *first, struct pieces *pieces, error **err)
{
    *pieces = (struct pieces){.count = 1, .sizes = {first->size}, .alike = true};
    for (unsigned number = 2; number <= NUMBER_MAX; number++) {
        AUTO_FREE char *name = name_of(first->name, number);
        struct stat st;
        if (!name)
            return error_no_memory(err);
        if (fstatat(first->directory, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (number != pieces->count + 1) {
            pieces->missing = (unsigned)pieces->count + 1;
            return 0;
        }
        if (pieces->count < IMAGE_EXTENTS_MAX)
            pieces->sizes[pieces->count] = (uint64_t)st.st_size;
        pieces->alike &= (uint64_t)st.st_size <= first->size;
        pieces->count++;
    }
    return 0;
}

/* What makes the pieces one image. */
static int check(const struct image_file *first, const struct pieces *pieces, error **err)
{
    unsigned number = pieces->missing;
    AUTO_FREE char *name = name_of(first->path, number ? number : 1);

    if (!name)
        return error_no_memory(err);
    if (number)
        return error_set(err, ERROR_CORRUPT,
                         "it is the first piece of an image, and another piece, %s, is missing; "
                         "--format=raw reads it alone",
                         name);
    if (pieces->count > IMAGE_EXTENTS_MAX)
        return error_set(err, ERROR_REFUSED,
                         "the image has %zu pieces, more than %d: put them together (cat)",
                         pieces->count, IMAGE_EXTENTS_MAX);
    for (size_t i = 0; i + 1 < pieces->count; i++)
        if (pieces->sizes[i] != first->size || first->size % SECTOR != 0)
            return error_set(err, ERROR_CORRUPT,
                             "it is the first piece of an image, and piece %zu has %" PRIu64
                             " bytes: all but the last have to be as long as the first, and of "
                             "whole sectors",
                             i + 1, pieces->sizes[i]);
    return 0;
}

static int describe(const struct image_file *first, const struct pieces *pieces,
                    struct image_info *info, error **err)
{
    const char *slash = strrchr(first->name, '/'), *base = slash ? slash + 1 : first->name;

    info->extents = calloc(pieces->count, sizeof *info->extents);
    if (!info->extents)
        return error_no_memory(err);
    info->virtual_size = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        struct image_extent *extent = &info->extents[i];
        extent->name = name_of(base, (unsigned)i + 1);
        extent->format = IMAGE_RAW;
        extent->size = pieces->sizes[i] / SECTOR * SECTOR;
        if (!extent->name)
            return error_no_memory(err);
        info->extent_count++;
        info->virtual_size += extent->size;
    }
    info->format = IMAGE_VMDK;
    return 1;
}

int image_split_find(const struct image_file *first, struct image_info *info, error **err)
{
    struct pieces pieces;

    if (!is_first(first->name) || !S_ISREG(first->st.st_mode) || first->size == 0)
        return 0;
    if (look_for(first, &pieces, err) < 0)
        return -1;
    if ((pieces.count == 1 && !pieces.missing) || !pieces.alike)
        return 0;
    return check(first, &pieces, err) < 0 ? -1 : describe(first, &pieces, info, err);
}
