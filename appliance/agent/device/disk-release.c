/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-release.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* One of the disk's nodes: itself, or a partition. */
struct held_device {
    char node[NODE_MAX];
    dev_t number;
};

struct search {
    const char *proc;
    const char *sys;
    char *why;
    size_t room;
};

/* Whether a path that the kernel shows means that device: other nodes of it may have been made. */
static bool same(const struct held_device *place, const char *path)
{
    struct stat status;
    if (strcmp(path, place->node) == 0)
        return true;
    return strncmp(path, "/dev/", 5) == 0 && stat(path, &status) == 0 && S_ISBLK(status.st_mode) &&
           status.st_rdev == place->number;
}

/* A line of proc_pid_mountinfo(5): "ID PARENT MAJOR:MINOR ROOT WHERE OPTIONS … - TYPE SOURCE …". A
 * filesystem that is on several devices (btrfs) has a number of its own there, and one of them as
 * its source. Whitespace in paths is written as \040. */
static bool mounted_there(const struct held_device *place, char *line, const char **where)
{
    unsigned major, minor;
    int at = 0;
    char *rest, *source = strstr(line, " - ");
    if (sscanf(line, "%*u %*u %u:%u %*s %n", &major, &minor, &at) != 2 || at == 0)
        return false;
    if (source && (source = strchr(source + 3, ' ')))
        source = strtok_r(source, " \n", &rest);
    *where = strtok_r(line + at, " \n", &rest);
    return *where && (makedev(major, minor) == place->number || (source && same(place, source)));
}

static bool is_mounted(const struct search *search, const struct held_device *place)
{
    char path[NODE_MAX];
    AUTO_FREE char *line = NULL;
    size_t size = 0;
    const char *where;
    bool found = false;
    snprintf(path, sizeof path, "%s/self/mountinfo", search->proc);
    AUTO_FILE FILE *file = fopen(path, "re");
    while (file && !found && getline(&line, &size, file) > 0)
        if ((found = mounted_there(place, line, &where)))
            snprintf(search->why, search->room, "%s is mounted at %s", place->node, where);
    return found;
}

static bool is_swap(const struct search *search, const struct held_device *place)
{
    char path[NODE_MAX];
    AUTO_FREE char *line = NULL;
    size_t size = 0;
    bool found = false;
    snprintf(path, sizeof path, "%s/swaps", search->proc);
    AUTO_FILE FILE *file = fopen(path, "re");
    while (file && !found && getline(&line, &size, file) > 0) {
        line[strcspn(line, " \t\n")] = '\0';
        found = same(place, line);
    }
    if (found)
        snprintf(search->why, search->room, "%s is swap", place->node);
    return found;
}

/* What is made of it: device mapper, md. */
static bool has_holder(const struct search *search, const struct held_device *place)
{
    char path[NODE_MAX], name[256] = "";
    const struct dirent *entry;
    snprintf(path, sizeof path, "%s/dev/block/%u:%u/holders", search->sys, major(place->number),
             minor(place->number));
    AUTO_DIR DIR *holders = opendir(path);
    if (!holders)
        return false;
    do
        entry = readdir(holders);
    while (entry && entry->d_name[0] == '.');
    if (!entry)
        return false;
    snprintf(path, sizeof path, "%s/block/%s/dm/name", search->sys, entry->d_name);
    AUTO_FILE FILE *file = fopen(path, "re");
    if (file && fgets(name, sizeof name, file))
        name[strcspn(name, "\n")] = '\0';
    snprintf(search->why, search->room,
             name[0] ? "%s is held by /dev/%s (%s)" : "%s is held by /dev/%s", place->node,
             entry->d_name, name);
    return true;
}

/* The kernel's own word for all that holds a disk. What has no better name gets this one: the
 * further devices of a btrfs, mounts of other namespaces, a mkfs that runs. */
static bool is_claimed(const struct search *search, const struct held_device *place)
{
    AUTO_FD int fd = open(place->node, O_RDONLY | O_EXCL | O_CLOEXEC);
    if (fd >= 0 || errno != EBUSY)
        return false;
    snprintf(search->why, search->room, "%s is in use", place->node);
    return true;
}

static void get_place(const device_table *disks, unsigned slot, unsigned partition,
                      struct held_device *place)
{
    device_table_node(disks, slot, partition, place->node);
    place->number = device_table_number(disks, slot, partition);
}

/* Partitions come first: what holds one claims the whole disk too. */
static bool any_place(const device_table *disks, unsigned slot, const struct search *search,
                      bool (*holds)(const struct search *, const struct held_device *))
{
    const unsigned *partitions;
    struct held_device place;
    size_t count = device_table_partitions(disks, slot, &partitions);
    for (size_t i = 0; i < count; i++) {
        get_place(disks, slot, partitions[i], &place);
        if (holds(search, &place))
            return true;
    }
    get_place(disks, slot, 0, &place);
    return holds(search, &place);
}

bool disk_release_held(const device_table *disks, const char *proc, unsigned slot, char *why,
                       size_t room)
{
    const struct search search = {
        .proc = proc, .sys = device_table_sys(disks), .why = why, .room = room};
    return any_place(disks, slot, &search, is_mounted) ||
           any_place(disks, slot, &search, is_swap) ||
           any_place(disks, slot, &search, has_holder) ||
           any_place(disks, slot, &search, is_claimed);
}

/* ---- flushing ---- */

/* Each node has a page cache of its own. An errno. */
static int flush(const char *node)
{
    AUTO_FD int fd = open(node, O_RDONLY | O_CLOEXEC);
    if (fd < 0) /* a disk that has not come up, or has gone: nothing was written */
        return errno == ENOENT || errno == ENXIO || errno == ENODEV ? 0 : errno;
    if (fsync(fd) < 0)
        return errno;
    /* A filesystem that is still mounted (force) is synced too, and what was read is forgotten. */
    ioctl(fd, BLKFLSBUF, 0);
    return 0;
}

pid_t disk_release_flush(const device_table *disks, unsigned slot)
{
    char node[NODE_MAX];
    const unsigned *partitions;
    size_t count = device_table_partitions(disks, slot, &partitions);
    pid_t pid = fork();
    if (pid != 0)
        return pid < 0 ? -errno : pid;
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        int one = flush(device_table_node(disks, slot, partitions[i], node));
        result = result ? result : one;
    }
    int one = flush(device_table_node(disks, slot, 0, node));
    _exit(result ? result : one);
}
