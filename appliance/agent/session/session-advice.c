/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-advice.h"
#include "agent/mount/kernel-log.h"
#include "base/cleanup.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A command may write to the log itself, for ever. */
#define RECORDS_MAX 20000

/* A name in /dev or /dev/mapper. */
#define NODE_ROOM 288

/* fs/ext4/super.c, fs/xfs/xfs_log_recover.c, fs/f2fs/super.c, fs/btrfs/disk-io.c,
 * fs/nilfs2/the_nilfs.c of Linux 6.1. */
static const struct {
    const char *driver, *option;
} drivers[] = {
    {"EXT4-fs (", "noload"},          {"XFS (", "norecovery"},   {"F2FS-fs (", "norecovery"},
    {"BTRFS ", "rescue=nologreplay"}, {"NILFS (", "norecovery"},
};

static bool is_refusal(const char *line)
{
    return strstr(line, "write access unavailable") ||
           strstr(line, "log replay required on RO media");
}

bool session_advice_read(const char *line, char device[SESSION_ADVICE_DEVICE_MAX],
                         const char **option)
{
    const char *open = strchr(line, '(');
    if (!open || !is_refusal(line))
        return false;
    const char *name = strncmp(open, "(device ", 8) == 0 ? open + 8 : open + 1;
    size_t length = strcspn(name, "):");
    if (length == 0 || length >= SESSION_ADVICE_DEVICE_MAX || memchr(name, '/', length))
        return false;
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strncmp(line, drivers[i].driver, strlen(drivers[i].driver)) == 0) {
            memcpy(device, name, length);
            device[length] = '\0';
            *option = drivers[i].option;
            return true;
        }
    return false;
}

static bool find_node_in(const char *directory, dev_t number, char node[NODE_ROOM])
{
    const struct dirent *entry;
    AUTO_DIR DIR *all = opendir(directory);
    while (all && (entry = readdir(all))) {
        struct stat status;
        snprintf(node, NODE_ROOM, "%s/%s", directory, entry->d_name);
        if (lstat(node, &status) == 0 && S_ISBLK(status.st_mode) && status.st_rdev == number)
            return true;
    }
    return false;
}

/* Our name of the device that the kernel calls so; the kernel's own where it has none. */
static void find_node(const char *device, char node[NODE_ROOM])
{
    char path[64 + SESSION_ADVICE_DEVICE_MAX];
    unsigned high, low;
    snprintf(path, sizeof path, "/sys/class/block/%s/dev", device);
    AUTO_FILE FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%u:%u", &high, &low) == 2 &&
        (find_node_in("/dev/mapper", makedev(high, low), node) ||
         find_node_in("/dev", makedev(high, low), node)))
        return;
    snprintf(node, NODE_ROOM, "%s", device);
}

int session_advice_begin(void)
{
    return kernel_log_open();
}

bool session_advice_end(int log, bool terminal, char text[SESSION_ADVICE_MAX])
{
    AUTO_FD int own = log;
    char line[KERNEL_LOG_LINE_MAX], device[SESSION_ADVICE_DEVICE_MAX], node[NODE_ROOM];
    const char *option = NULL;
    int level;
    for (unsigned i = 0; own >= 0 && i < RECORDS_MAX && kernel_log_next(own, &level, line); i++) {
        if (!session_advice_read(line, device, &option))
            continue;
        find_node(device, node);
        snprintf(text, SESSION_ADVICE_MAX,
                 "virt-hotplug: %s was not unmounted, and its disk is read-only, so its journal "
                 "cannot be replayed. Attach the image with --transient (what is written is lost) "
                 "or --rw, or mount it as it is without its journal: -o ro,%s%s\n",
                 node, option, terminal ? "\r" : "");
        return true;
    }
    return false;
}
