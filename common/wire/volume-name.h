/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a part of a volume's name is made of, between '/'. The agent gives names of no other bytes,
 * and the host takes no others: such a name can stand anywhere. */
#ifndef VLT_VOLUME_NAME_H
#define VLT_VOLUME_NAME_H

#include <stdbool.h>
#include <string.h>

static inline bool volume_name_has(char letter)
{
    return letter != '\0' &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-", letter);
}

/* Puts '_' in the place of all others. */
static inline void volume_name_settle(char *name)
{
    for (; *name; name++)
        if (!volume_name_has(*name))
            *name = '_';
}

#endif
