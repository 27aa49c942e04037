/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-spec.h"
#include "base/drive-name.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Digits alone, and not too many: the number in *value, and what is behind it. NULL: none. */
static const char *number(const char *text, unsigned *value)
{
    const char *p = text;
    for (*value = 0; isdigit((unsigned char)*p) && p - text < 6; p++)
        *value = *value * 10 + (unsigned)(*p - '0');
    return p > text ? p : NULL;
}

/* The end of a name: nothing, or `before` and a partition's number. */
static bool partition(const char *text, const char *before, unsigned *value)
{
    size_t length = strlen(before);
    if (!*text)
        return true;
    if (strncmp(text, before, length) != 0)
        return false;
    const char *rest = number(text + length, value);
    return rest && !*rest && *value > 0;
}

/* sda1, xvdb … */
static bool lettered(const char *name, struct device_spec *spec)
{
    static const char *const kinds[] = {"sd", "vd", "xvd", "hd"};
    char plain[DRIVE_NAME_MAX];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t prefix = strlen(kinds[i]);
        if (strncmp(name, kinds[i], prefix) != 0)
            continue;
        const char *letters = name + prefix;
        size_t count = strspn(letters, "abcdefghijklmnopqrstuvwxyz");
        if (count == 0 || count > 3)
            continue;
        snprintf(plain, sizeof plain, "sd%.*s", (int)count, letters);
        int disk = drive_name_index(plain);
        if (disk < 0 || !partition(letters + count, "", &spec->partition))
            continue;
        spec->disk = (unsigned)disk;
        return true;
    }
    return false;
}

/* nvme0n1p1, mmcblk0p1 */
static bool numbered(const char *name, struct device_spec *spec)
{
    const char *rest = NULL;
    unsigned namespace = 1;
    if (strncmp(name, "nvme", 4) == 0) {
        rest = number(name + 4, &spec->disk);
        rest = rest && *rest == 'n' ? number(rest + 1, &namespace) : NULL;
    } else if (strncmp(name, "mmcblk", 6) == 0) {
        rest = number(name + 6, &spec->disk);
    }
    return rest && namespace == 1 && partition(rest, "p", &spec->partition);
}

static int digit(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* udev writes what it does not like in a name as \xHH. */
static void take_link(struct device_spec *spec, const char *text)
{
    size_t used = 0;
    while (*text && used < sizeof spec->value - 1) {
        if (text[0] == '\\' && text[1] == 'x' && digit(text[2]) >= 0 && digit(text[3]) >= 0) {
            spec->value[used++] = (char)(digit(text[2]) * 16 + digit(text[3]));
            text += 4;
        } else {
            spec->value[used++] = *text++;
        }
    }
    spec->value[used] = '\0';
}

/* UUID="…" */
static void take_tag(struct device_spec *spec, const char *text)
{
    size_t length = strlen(text);
    if (length >= 2 && (*text == '"' || *text == '\'') && text[length - 1] == *text) {
        text++;
        length -= 2;
    }
    snprintf(spec->value, sizeof spec->value, "%.*s", (int)length, text);
}

static bool tagged(const char *text, struct device_spec *spec)
{
    static const struct {
        const char *tag, *link;
        enum device_spec_kind kind;
    } tags[] = {
        {"UUID=", "/dev/disk/by-uuid/", DEVICE_SPEC_UUID},
        {"LABEL=", "/dev/disk/by-label/", DEVICE_SPEC_LABEL},
        {"PARTUUID=", "/dev/disk/by-partuuid/", DEVICE_SPEC_PARTUUID},
        {"PARTLABEL=", "/dev/disk/by-partlabel/", DEVICE_SPEC_PARTLABEL},
    };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        spec->kind = tags[i].kind;
        if (strncmp(text, tags[i].tag, strlen(tags[i].tag)) == 0) {
            take_tag(spec, text + strlen(tags[i].tag));
            return true;
        }
        if (strncmp(text, tags[i].link, strlen(tags[i].link)) == 0) {
            take_link(spec, text + strlen(tags[i].link));
            return true;
        }
    }
    return false;
}

/* /dev/VG/LV, and not a directory of /dev that has other things. */
static bool mapped(const char *name)
{
    const char *slash = strchr(name, '/');
    if (strncmp(name, "dm-", 3) == 0 || strncmp(name, "md", 2) == 0)
        return true;
    return slash && slash > name && slash[1] && strncmp(name, "disk/by-", 8) != 0;
}

/* The mapper's name of a logical volume, VG-LV, is that of the volume; a '-' within one of the
 * names is doubled there (lvm(8)). */
static bool logical(const char *name, struct device_spec *spec)
{
    size_t used = 0;
    bool split = false;
    for (const char *p = name; *p && used < sizeof spec->value - 1; p++) {
        bool twice = p[0] == '-' && p[1] == '-';
        if (*p == '-' && !twice) {
            if (split)
                return false;
            split = true;
        }
        spec->value[used++] = *p == '-' && !twice ? '/' : *p;
        p += twice;
    }
    spec->value[used] = '\0';
    return split;
}

static void take_mapped(struct device_spec *spec, const char *name)
{
    /* A volume of a dynamic disk has the name of its group in its own, which may have a '-'. */
    static const char mapper[] = "mapper/", dynamic[] = "mapper/ldm_vol_";
    spec->kind = DEVICE_SPEC_MAPPED;
    snprintf(spec->value, sizeof spec->value, "%s", name);
    if (strncmp(name, dynamic, sizeof dynamic - 1) == 0)
        return;
    if (strncmp(name, mapper, sizeof mapper - 1) == 0 && !logical(name + sizeof mapper - 1, spec))
        snprintf(spec->value, sizeof spec->value, "%s", name);
    /* /dev/md/0 is /dev/md0 */
    if (strncmp(name, "md/", 3) == 0 && name[3] &&
        strspn(name + 3, "0123456789") == strlen(name + 3))
        snprintf(spec->value, sizeof spec->value, "md%s", name + 3);
}

/* udev's links in /dev/disk/by-id that name what was made of disks: dm-name-vg-root,
 * md-name-host:0. */
static bool linked(const char *name, struct device_spec *spec)
{
    static const char mapper[] = "disk/by-id/dm-name-", array[] = "disk/by-id/md-name-";
    char other[DEVICE_SPEC_MAX];
    struct device_spec plain;
    if (strncmp(name, mapper, sizeof mapper - 1) == 0) {
        take_link(&plain, name + sizeof mapper - 1);
        snprintf(other, sizeof other, "mapper/%.*s", DEVICE_SPEC_MAX - 8, plain.value);
    } else if (strncmp(name, array, sizeof array - 1) == 0) {
        take_link(&plain, name + sizeof array - 1);
        const char *colon = strrchr(plain.value, ':');
        snprintf(other, sizeof other, "md/%.*s", DEVICE_SPEC_MAX - 4,
                 colon ? colon + 1 : plain.value);
    } else {
        return false;
    }
    take_mapped(spec, other);
    return true;
}

static void take_hardware(struct device_spec *spec, const char *name)
{
    const char *end = NULL;
    memset(spec, 0, sizeof *spec);
    spec->kind = DEVICE_SPEC_HARDWARE;
    snprintf(spec->value, sizeof spec->value, "%s", name);
    for (const char *at = strstr(name, "-part"); at; at = strstr(at + 1, "-part"))
        end = at;
    if (end && !partition(end, "-part", &spec->partition))
        spec->partition = 0;
}

void device_spec_parse(const char *text, struct device_spec *spec)
{
    memset(spec, 0, sizeof *spec);
    if (tagged(text, spec))
        return;
    spec->kind = DEVICE_SPEC_OTHER;
    if (strncmp(text, "/dev/", 5) != 0)
        return;
    const char *name = text + 5;
    if (lettered(name, spec) || numbered(name, spec))
        spec->kind = DEVICE_SPEC_NODE;
    else if (mapped(name))
        take_mapped(spec, name);
    else if (*name && !linked(name, spec))
        take_hardware(spec, name);
}
