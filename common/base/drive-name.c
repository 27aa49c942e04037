/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drive-name.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The letters count in base 26 without a zero (a = 1 … z = 26), as the kernel's
 * sd_format_disk_name() in drivers/scsi/sd.c has it. */
char *drive_name(unsigned index, char buffer[DRIVE_NAME_MAX])
{
    char letters[DRIVE_NAME_MAX];
    size_t start = sizeof letters - 1;

    letters[start] = '\0';
    for (uint64_t rest = (uint64_t)index + 1; rest > 0; rest = (rest - 1) / 26)
        letters[--start] = (char)('a' + (rest - 1) % 26);
    snprintf(buffer, DRIVE_NAME_MAX, "sd%.*s", DRIVE_NAME_MAX - 3, letters + start);
    return buffer;
}

int drive_name_index(const char *name)
{
    int index = 0;

    if (strncmp(name, "/dev/", 5) == 0)
        name += 5;
    if (strncmp(name, "sd", 2) != 0 || name[2] == '\0')
        return -1;
    for (const char *letter = name + 2; *letter; letter++) {
        if (*letter < 'a' || *letter > 'z')
            return -1;
        if (__builtin_mul_overflow(index, 26, &index) ||
            __builtin_add_overflow(index, *letter - 'a' + 1, &index))
            return -1;
    }
    return index - 1;
}
