/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-options.h"

#include <stdio.h>
#include <string.h>

static bool is_in(const char *const *list, const char *option, size_t length)
{
    for (; *list; list++)
        if (strlen(*list) == length && strncmp(*list, option, length) == 0)
            return true;
    return false;
}

bool mount_options_permitted(const char *options, char *kept, const char **refused)
{
    static const char *const passed[] = {"subvol=",    "subvolid=",      "utf8",
                                         "utf8=",      "iocharset=",     "codepage=",
                                         "nls=",       "uid=",           "gid=",
                                         "umask=",     "fmask=",         "dmask=",
                                         "mode=",      "dmode=",         "norock",
                                         "nojoliet",   "map=",           "check=",
                                         "unhide",     "session=",       "noload",
                                         "norecovery", "nouuid",         "degraded",
                                         "shortname=", "show_sys_files", "streams_interface=",
                                         NULL};
    static const char *const ignored[] = {
        "defaults", "ro",         "rw",          "suid",     "nosuid",  "dev",      "nodev",
        "exec",     "noexec",     "auto",        "noauto",   "nofail",  "user",     "nouser",
        "users",    "sync",       "async",       "atime",    "noatime", "relatime", "norelatime",
        "diratime", "nodiratime", "strictatime", "lazytime", "_netdev", NULL};
    size_t used = 0;
    kept[0] = '\0';
    for (const char *p = options; *p; p += strspn(p, ",")) {
        size_t length = strcspn(p, ","), name = strcspn(p, "=,");
        if (is_in(passed, p, name + (p[name] == '='))) {
            if (used > 0)
                kept[used++] = ',';
            memcpy(kept + used, p, length);
            used += length;
            kept[used] = '\0';
        } else if (length > 0 && !is_in(ignored, p, length)) {
            memcpy(kept, p, length);
            kept[length] = '\0';
            *refused = kept;
            return false;
        }
        p += length;
    }
    return true;
}

bool mount_options_value(const char *options, const char *name, char *value, size_t size)
{
    size_t prefix = strlen(name);
    for (const char *p = options; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, name, prefix) != 0 || p[prefix] != '=')
            continue;
        p += prefix + 1;
        snprintf(value, size, "%.*s", (int)strcspn(p, ","), p);
        return true;
    }
    return false;
}

bool mount_options_has(const char *options, const char *name)
{
    size_t prefix = strlen(name);
    for (const char *p = options; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strcspn(p, ",") == prefix && strncmp(p, name, prefix) == 0)
            return true;
    }
    return false;
}
