/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listing_check_part() on anything, for every way to ask; what it lets through is read and printed.
 * clang -fsanitize=fuzzer, or with replay.c. */
#include "scan/listing-reader.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No path that is let through leads out of its directory. */
static void check_path(const char *path, u_int length, bool dots)
{
    if (length == 0)
        return;
    if (path[0] == '/' || path[length - 1] == '/' || memchr(path, 0, length))
        abort();
    if (!dots && ((length == 2 && memcmp(path, "..", 2) == 0) ||
                  (length > 2 && memcmp(path, "../", 3) == 0) || memmem(path, length, "/../", 4)))
        abort();
}

static void check_item(const listing_item *item, const ls_args *asked)
{
    if (item->kind == LISTING_ENTRY)
        check_path(item->listing_item_u.entry.path.path_val,
                   item->listing_item_u.entry.path.path_len, asked->dots);
    else if (item->kind == LISTING_PROBLEM)
        check_path(item->listing_item_u.problem.path.path_val,
                   item->listing_item_u.problem.path.path_len, asked->dots);
    else if (item->listing_item_u.directory >= asked->directories.directories_len)
        abort();
}

/* What has been checked can be read, to its end. */
static void read_back(const uint8_t *data, size_t size, const ls_args *asked)
{
    struct spool_room room = {.spool_max = 1 << 20, .budget = 1 << 20};
    AUTO_SPOOL spool *kept = spool_new(&room);
    struct listing_reader reader;
    listing_item item;
    int got;
    if (!kept || spool_add(kept, data, size, NULL) < 0)
        return;
    listing_read(&reader, kept);
    while ((got = listing_next(&reader, &item, NULL)) > 0) {
        check_item(&item, asked);
        listing_item_clear(&item);
    }
    if (got < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int order = LS_NAMES; order <= LS_TREE; order++)
        for (int dots = 0; dots < (order == LS_NAMES ? 2 : 1); dots++) {
            ls_args asked = {.directories = {.directories_len = 3},
                             .order = (enum ls_order)order,
                             .dots = dots,
                             .checksum = LS_MD5};
            struct listing_check check = {0};
            if (listing_check_part(&check, &asked, data, size, NULL) == 0)
                read_back(data, size, &asked);
        }
    return 0;
}
