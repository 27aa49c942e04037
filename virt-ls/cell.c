/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Seconds: half of the average Gregorian year, as ls has it. */
#define HALF_A_YEAR (31556952 / 2)

/* --- modes --- */

static const struct {
    unsigned type;
    char ls, virt_ls;
} types[] = {
    {S_IFREG, '-', '-'}, {S_IFDIR, 'd', 'd'}, {S_IFCHR, 'c', 'c'},  {S_IFBLK, 'b', 'b'},
    {S_IFIFO, 'p', 'p'}, {S_IFLNK, 'l', 'l'}, {S_IFSOCK, 's', 's'}, {S_IFMT, '?', 'u'},
};

static size_t type_index(unsigned mode)
{
    size_t i = 0;

    while (types[i].type != S_IFMT && types[i].type != (mode & S_IFMT))
        i++;
    return i;
}

char cell_type(unsigned mode)
{
    return types[type_index(mode)].virt_ls;
}

/* What stands where x does: `special` is 's' or 't'. */
static char execute(bool may, bool is_special, char special)
{
    if (!is_special)
        return may ? 'x' : '-';
    return may ? special : (char)(special - 'a' + 'A');
}

char *cell_mode(unsigned mode, char buffer[CELL_MODE_MAX])
{
    static const char letters[] = "rwx";

    buffer[0] = types[type_index(mode)].ls;
    for (unsigned i = 0; i < 9; i++)
        buffer[1 + i] = mode & (0400 >> i) ? letters[i % 3] : '-';
    buffer[3] = execute(mode & S_IXUSR, mode & S_ISUID, 's');
    buffer[6] = execute(mode & S_IXGRP, mode & S_ISGID, 's');
    buffer[9] = execute(mode & S_IXOTH, mode & S_ISVTX, 't');
    buffer[10] = 0;
    return buffer;
}

/* --- dates --- */

/* Where there is no date: it has more years than an int. */
static char *bare_number(int64_t seconds, char *buffer)
{
    snprintf(buffer, CELL_DATE_MAX, "%" PRId64, seconds);
    return buffer;
}

char *cell_date(int64_t seconds, char buffer[CELL_DATE_MAX])
{
    time_t when = (time_t)seconds;
    struct tm parts;

    if (!localtime_r(&when, &parts) ||
        strftime(buffer, CELL_DATE_MAX, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        return bare_number(seconds, buffer);
    return buffer;
}

char *cell_ls_date(int64_t seconds, int64_t now, char buffer[CELL_DATE_MAX])
{
    time_t when = (time_t)seconds;
    bool recent = seconds > now - HALF_A_YEAR && seconds <= now;
    struct tm parts;

    if (!gmtime_r(&when, &parts) ||
        strftime(buffer, CELL_DATE_MAX, recent ? "%b %e %H:%M" : "%b %e  %Y", &parts) == 0)
        return bare_number(seconds, buffer);
    return buffer;
}

int64_t cell_age(int64_t now, int64_t then)
{
    int64_t age;

    if (!__builtin_sub_overflow(now, then, &age))
        return age;
    return then < 0 ? INT64_MAX : INT64_MIN;
}

/* --- bytes --- */

char *cell_digest(enum ls_checksum kind, const listing_entry *entry, char buffer[CELL_DIGEST_MAX])
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = (const unsigned char *)entry->digest.digest_val;
    u_int length = entry->digest.digest_len;

    buffer[0] = 0;
    if (kind == LS_CRC && length == 4) {
        uint32_t crc = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                       (uint32_t)bytes[2] << 8 | bytes[3];
        snprintf(buffer, CELL_DIGEST_MAX, "%" PRIu32, crc);
        return buffer;
    }
    for (u_int i = 0; i < length && i < LISTING_DIGEST; i++) {
        buffer[2 * i] = digits[bytes[i] >> 4];
        buffer[2 * i + 1] = digits[bytes[i] & 15];
        buffer[2 * i + 2] = 0;
    }
    return buffer;
}

char *cell_path(const char *guest, const char *directory, const char *name, size_t name_length,
                size_t *length)
{
    char *path = NULL;
    FILE *to = open_memstream(&path, length);
    size_t directory_length = strlen(directory);

    if (!to)
        return NULL;
    if (directory_length > 0 && directory[directory_length - 1] == '/' &&
        (directory_length > 1 || name_length > 0))
        directory_length--;
    if (guest)
        fprintf(to, "%s:", guest);
    fwrite(directory, 1, directory_length, to);
    if (name_length > 0) {
        fputc('/', to);
        fwrite(name, 1, name_length, to);
    }
    if (fclose(to) == 0)
        return path;
    free(path);
    return NULL;
}
