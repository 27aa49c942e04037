/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes that a part of a volume's name may have, between '/'. The agent uses no others and the
 * host accepts no others, so these names need no escaping in any output. */
#ifndef VLT_VOLUME_NAME_H
#define VLT_VOLUME_NAME_H

#include <stdbool.h>
#include <string.h>

static inline bool volume_name_has(char letter)
{
    return letter != '\0' &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-", letter);
}

/* Whether it has no others; an empty one has none. */
static inline bool volume_name_is_plain(const char *name)
{
    while (volume_name_has(*name))
        name++;
    return *name == '\0';
}

/* Replaces every other byte with '_'. */
static inline void volume_name_settle(char *name)
{
    for (; *name; name++)
        if (!volume_name_has(*name))
            *name = '_';
}

#endif
