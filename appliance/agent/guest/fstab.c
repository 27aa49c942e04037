/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fstab.h"
#include "agent/mount/mount-options.h"
#include "base/cleanup.h"
#include <string.h>

/* PATH_MAX and the size of mount(2)'s options: what is longer could not be mounted. */
#define FIELD_MAX 4095

static bool octal(const char *p)
{
    return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

/* Decodes \ooo in place; false where it would be the end of a string. */
static bool decode(char *field)
{
    char *to = field;
    for (const char *from = field; *from; to++) {
        if (from[0] == '\\' && octal(from + 1)) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            if (!*to)
                return false;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return true;
}

/* Splits a line, which is a string, into fields. */
static void take_line(char *line, struct fstab_entry *entry)
{
    const char *fields[4] = {NULL, NULL, "auto", "defaults"};
    char *rest = line;
    for (size_t i = 0; i < 4; i++) {
        rest += strspn(rest, " \t\r");
        if (!*rest)
            break;
        char *field = rest;
        rest += strcspn(rest, " \t\r");
        if (*rest)
            *rest++ = '\0';
        if (strlen(field) > FIELD_MAX) {
            entry->problem = "a field is too long";
            return;
        }
        if (!decode(field)) {
            entry->problem = "a NUL byte";
            return;
        }
        fields[i] = field;
    }
    entry->device = fields[0];
    entry->where = fields[1];
    entry->type = fields[2];
    entry->options = fields[3];
    if (!fields[1])
        entry->problem = "no mount point";
}

/* Room for one more. */
static struct fstab_entry *next_entry(struct fstab *table)
{
    if ((table->count & (table->count - 1)) == 0) {
        size_t room = table->count ? table->count * 2 : 1;
        struct fstab_entry *entries = reallocarray(table->entries, room, sizeof *entries);
        if (!entries)
            return NULL;
        table->entries = entries;
    }
    struct fstab_entry *entry = &table->entries[table->count++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

/* A line of `length` bytes and the newline, or the NUL, behind it. 0, or -ENOMEM. */
static int add_line(struct fstab *table, unsigned number, char *line, size_t length)
{
    line[length] = '\0';
    const char *first = line + strspn(line, " \t\r");
    bool whole = strlen(line) == length;
    if (whole && (!*first || *first == '#'))
        return 0;
    struct fstab_entry *entry = next_entry(table);
    if (!entry)
        return -ENOMEM;
    entry->line = number;
    if (table->count > FSTAB_ENTRIES_MAX)
        entry->problem = "it and what follows is left out: too many entries";
    else if (!whole)
        entry->problem = "a NUL byte";
    else
        take_line(line, entry);
    return 0;
}

int fstab_parse(const char *bytes, size_t size, struct fstab *table)
{
    size_t used = size < FSTAB_SIZE_MAX ? size : FSTAB_SIZE_MAX;
    unsigned number = 1;
    int result = 0;
    memset(table, 0, sizeof *table);
    table->text = malloc(used + 1);
    if (!table->text)
        return -ENOMEM;
    if (used > 0)
        memcpy(table->text, bytes, used);
    for (size_t at = 0; at < used && table->count <= FSTAB_ENTRIES_MAX && result == 0; number++) {
        const char *newline = memchr(table->text + at, '\n', used - at);
        size_t length = newline ? (size_t)(newline - table->text) - at : used - at;
        result = add_line(table, number, table->text + at, length);
        at += length + 1;
    }
    if (result == 0 && size > used && table->count <= FSTAB_ENTRIES_MAX) {
        struct fstab_entry *last = next_entry(table);
        if (last)
            *last = (struct fstab_entry){
                number, "what follows is left out: the file is too large", NULL, NULL, NULL, NULL};
        else
            result = -ENOMEM;
    }
    if (result < 0)
        fstab_free(table);
    return result;
}

void fstab_free(struct fstab *table)
{
    free(table->text);
    free(table->entries);
    memset(table, 0, sizeof *table);
}

/* ---- options ---- */

const char *fstab_passed_over(const struct fstab_entry *entry)
{
    if (strcmp(entry->type, "swap") == 0)
        return "swap";
    if (entry->where[0] != '/')
        return "it has no mount point";
    if (mount_options_has(entry->options, "bind") || mount_options_has(entry->options, "rbind"))
        return "a bind mount";
    if (strcmp(entry->type, "ignore") == 0)
        return "it is to be ignored";
    return NULL;
}
