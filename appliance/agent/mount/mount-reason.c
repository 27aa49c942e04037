/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-reason.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Levels of linux/kern_levels.h. */
#define LEVEL_ERROR 3
#define LEVEL_WARNING 4
#define LEVEL_INFO 6

/* Of a line that says that nothing is damaged: it is the reason, whatever else is said. */
#define RANK_UNSUPPORTED (-1)

/* ---- what the kernel's filesystems are like ---- */

struct manner {
    const char *fstype;
    const char *alias; /* what its lines begin with, besides its name and a device; NULL: nothing */
    bool first;        /* its first line is the most specific one, whatever its level */
};

static const struct manner manners[] = {
    {"ext2", "JBD2: ", false},   {"ext3", "JBD2: ", false}, {"ext4", "JBD2: ", false},
    {"iso9660", "isofs", false}, /* "Wrong SSA boundary", for information; then, as an error, that
                                    there is no F2FS */
    {"f2fs", NULL, true},
};

/* What is said of every mount, or of one that goes on. */
static const char *const noise[] = {
    "mounting ext2 file system using",
    "mounting ext3 file system using",
    "mounting fs with errors",
    "mounting unchecked fs",
    "Mounting V",
    "Deprecated V4 format",
    "scanned by",
    "Starting recovery",
    "recovery required on read",
    "Found nat_bits",
    "write access unavailable",
    "write access will be enabled",
    "Volume was not properly unmounted",
    "was not cleanly unmounted",
    "attempt to access beyond end of device",
};

#define PAGES "it takes a kernel with pages of that size"
#define NEWER "it takes a newer kernel (make appliance APPLIANCE_KERNEL=...)"

/* Phrases of what this kernel does not read; NULL: what sounds so, and is damage. */
static const struct {
    const char *phrase, *takes;
} limits[] = {
    {"\"unknown\" compression", NULL}, /* squashfs, these two */
    {"older Squashfs -1", NULL},
    {"Only pagesize", PAGES},       /* xfs */
    {"bad block size 8192", PAGES}, /* ext4, these four */
    {"bad block size 16384", PAGES},
    {"bad block size 32768", PAGES},
    {"bad block size 65536", PAGES},
    {"not supported yet, only support", PAGES}, /* btrfs, these two */
    {"not yet supported for page size", PAGES},
    {"blkszbits 13 isn't supported", PAGES}, /* erofs, these four */
    {"blkszbits 14 isn't supported", PAGES},
    {"blkszbits 15 isn't supported", PAGES},
    {"blkszbits 16 isn't supported", PAGES},
    {"blkszbits", NULL},
    {"Invalid log_blocksize (13)", PAGES}, /* f2fs, these three */
    {"Invalid log_blocksize (14)", PAGES},
    {"Invalid log_blocksize (16)", PAGES},
    {"unsupported optional features", NEWER}, /* ext4, btrfs */
    {"unknown/unsupported", NEWER},           /* btrfs, these two */
    {"unsupported checksum algorithm", NEWER},
    {"unknown incompatible features", NEWER}, /* xfs, these two */
    {"cannot be safely mounted by this kernel", NEWER},
    {"unidentified incompatible feature", NEWER},                  /* erofs */
    {"failed to read chunk tree: -2", "it takes its other disks"}, /* btrfs, these three: ENOENT */
    {"failed to read the system array: -2", "it takes its other disks"},
    {" is missing", "it takes its other disks"},
    {"cannot be mounted without CONFIG", "it takes a kernel that has that"},
    {"zoned mode", "it takes the zoned disk itself"},                  /* btrfs */
    {"realtime volume", "it takes the disk with its realtime volume"}, /* xfs, these two */
    {"external log; specify", "it takes the disk with its log"},
    {"This is not supported", ""}, /* squashfs, these two */
    {"filesystems are unsupported", ""},
    {"nsupported revision", ""}, /* udf */
};

static const struct manner *manner_of(const char *fstype)
{
    static const struct manner usual = {"", NULL, false};
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
        if (strcmp(manners[i].fstype, fstype) == 0)
            return &manners[i];
    return &usual;
}

static bool is_noise(const char *line)
{
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        if (strstr(line, noise[i]))
            return true;
    return false;
}

/* -2 is not -22. */
static const char *limit_of(const char *line)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const char *at = strcasestr(line, limits[i].phrase);
        if (at && !isdigit((unsigned char)at[strlen(limits[i].phrase)]))
            return limits[i].takes;
    }
    return NULL;
}

/* ---- lines ---- */

/* As a word: "sda" is neither in "sdab" nor in "sda1". */
static bool names(const char *line, const char *device)
{
    size_t length = strlen(device);
    for (const char *at = strstr(line, device); at && length > 0; at = strstr(at + 1, device))
        if ((at == line || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

static bool begins_with(const char *line, const char *start)
{
    return strncasecmp(line, start, strlen(start)) == 0;
}

/* "EXT4-fs (sda): …": where the device's name ends, which is the kernel's and not the user's. NULL:
 * the line has none in front. */
static const char *behind_device(const char *line)
{
    const char *at = strstr(line, "): ");
    return at ? at + 3 : NULL;
}

static void take(struct mount_reason *self, int rank, const char *text)
{
    const char *takes = limit_of(text);
    if (takes)
        rank = RANK_UNSUPPORTED;
    if (!*text || is_noise(text) || (self->text[0] && rank >= self->rank))
        return;
    snprintf(self->text, sizeof self->text, "%s", text);
    self->rank = rank;
    self->takes = takes;
    self->unsupported = takes != NULL;
}

/* The block layer's lines (block/blk-core.c). The one about the end has the device in its second
 * line, which /dev/kmsg separates by an escape. */
static void hear_block_layer(struct mount_reason *self, const char *device, const char *line)
{
    char second[96];
    snprintf(second, sizeof second, "\\x0a%s:", device);
    self->disk_failed =
        self->disk_failed || strstr(line, "error, dev ") || strstr(line, "callbacks suppressed");
    self->beyond = self->beyond ||
                   (strstr(line, "attempt to access beyond end of device") && strstr(line, second));
}

void mount_reason_hear(struct mount_reason *self, const char *fstype, const char *device, int level,
                       const char *line)
{
    hear_block_layer(self, device, line);
    const struct manner *manner = manner_of(fstype);
    const char *behind = behind_device(line);
    bool by_name = begins_with(line, fstype) || (manner->alias && begins_with(line, manner->alias));
    if (names(line, device) || (!behind && by_name))
        take(self, manner->first ? 0 : level, behind ? behind : line);
}

void mount_reason_hear_driver(struct mount_reason *self, const char *fstype, const char *line)
{
    int level = line[0] == 'e' ? LEVEL_ERROR : line[0] == 'w' ? LEVEL_WARNING : LEVEL_INFO;
    if (strlen(line) > 2)
        take(self, manner_of(fstype)->first ? 0 : level, line + 2);
}

/* ---- ntfs-3g ---- */

static void hear_helper_line(struct mount_reason *self, const char *line, const char *node)
{
    static const char failed[] = "Failed to mount '";
    char text[2048], quoted[128];
    snprintf(quoted, sizeof quoted, " '%s'", node);
    const char *at = strstr(line, quoted);
    if (at)
        snprintf(text, sizeof text, "%.*s%s", (int)(at - line), line, at + strlen(quoted));
    else
        snprintf(text, sizeof text, "%s", line);
    /* The first is the most specific; "Failed to mount" says what is known. */
    take(self, begins_with(line, failed) ? LEVEL_INFO : LEVEL_ERROR, text);
}

void mount_reason_hear_helper(struct mount_reason *self, const char *printed, const char *node)
{
    char line[1024];
    while (*printed) {
        size_t length = strcspn(printed, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, printed);
        hear_helper_line(self, line, node);
        printed += length + (printed[length] == '\n');
    }
}

bool mount_reason_is_known(const struct mount_reason *self)
{
    return self->text[0] && self->rank <= LEVEL_WARNING;
}

bool mount_reason_is_damage(const struct mount_reason *self)
{
    return !self->disk_failed && (self->beyond || mount_reason_is_known(self));
}
