/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ntfs-link.h"
#include <stdio.h>
#include <string.h>

/* ntfs-3g's directory of other drives: ".NTFS-3G/D:/data", ".NTFS-3G/Volume{…}/data"
 * (libntfs-3g/reparse.c). */
#define DRIVES "/.NTFS-3G/"

static void write_windows(const char *drive, char *to, size_t size)
{
    bool letter = drive[0] && drive[1] == ':';
    snprintf(to, size, "%s%s", letter ? "" : "\\\\?\\", drive);
    for (char *p = to; *p; p++)
        if (*p == '/')
            *p = '\\';
}

bool ntfs_link_settle(char *target, size_t size, const char *at)
{
    static const char mounted[] = NTFS_LINK_MOUNTED;
    size_t length = sizeof mounted - 1, whole = strlen(target);
    char made[4096];
    if (strncmp(target, mounted, length) != 0 || (target[length] && target[length] != '/') ||
        whole + strlen(at) + 8 > sizeof made)
        return false;
    const char *rest = target + length;
    if (strncmp(rest, DRIVES, sizeof DRIVES - 1) == 0)
        write_windows(rest + sizeof DRIVES - 1, made, sizeof made);
    else
        snprintf(made, sizeof made, "%s%s", at, *rest || *at ? rest : "/");
    if (strlen(made) >= size)
        return false;
    memcpy(target, made, strlen(made) + 1);
    return true;
}
