/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypttab.h"
#include <string.h>

#define BLANKS " \t"

static const char mapper[] = "/dev/mapper/";

/* The next word of a line, and its length; 0: there is none. */
static size_t next_word(const char **at, const char *end, const char **word)
{
    while (*at < end && strchr(BLANKS, **at))
        ++*at;
    *word = *at;
    while (*at < end && **at && !strchr(BLANKS, **at))
        ++*at;
    return (size_t)(*at - *word);
}

bool crypttab_find(const char *text, size_t length, const char *name, char device[DEVICE_SPEC_MAX])
{
    for (const char *line = text, *end = text + length; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)), *at = line, *word;
        stop = stop ? stop : end;
        size_t size = next_word(&at, stop, &word);
        bool it = size == strlen(name) && size > 0 && *word != '#' && memcmp(word, name, size) == 0;
        if (it) {
            size = next_word(&at, stop, &word);
            if (size == 0 || size >= DEVICE_SPEC_MAX)
                return false;
            snprintf(device, DEVICE_SPEC_MAX, "%.*s", (int)size, word);
            return true;
        }
        line = stop + 1;
    }
    return false;
}

struct content *crypttab_opened(volume_table *all, const struct content *encrypted)
{
    char name[CONTENT_NAME_MAX];
    snprintf(name, sizeof name, "/dev/mapper/luks-%s", encrypted->uuid);
    for (size_t i = 0; encrypted->uuid[0] && i < volume_table_count(all); i++)
        if (strcmp(volume_table_at(all, i)->name, name) == 0)
            return volume_table_at(all, i);
    return NULL;
}

struct content *crypttab_resolve(volume_table *all, const char *text, size_t length,
                                 const char *device)
{
    struct device_spec spec;
    char behind[DEVICE_SPEC_MAX];
    device_spec_parse(device, &spec);
    struct content *what = volume_table_match(all, &spec);
    if (what || strncmp(device, mapper, sizeof mapper - 1) != 0 ||
        !crypttab_find(text, length, device + sizeof mapper - 1, behind))
        return what;
    device_spec_parse(behind, &spec);
    what = volume_table_match(all, &spec);
    return what && what->kind == CONTENT_ENCRYPTED ? crypttab_opened(all, what) : NULL;
}
