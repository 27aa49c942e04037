/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel-log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The longest record (CONSOLE_EXT_LOG_MAX of linux/printk.h). */
#define RECORD_MAX 8192

int kernel_log_begin(void)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        lseek(fd, 0, SEEK_END);
    return fd;
}

bool kernel_log_device(const char *node, char name[KERNEL_LOG_DEVICE_MAX])
{
    char path[64], target[PATH_MAX];
    struct stat status;
    if (stat(node, &status) < 0)
        return false;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(status.st_rdev),
             minor(status.st_rdev));
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(name, KERNEL_LOG_DEVICE_MAX, "%.*s", KERNEL_LOG_DEVICE_MAX - 1,
             slash ? slash + 1 : target);
    return true;
}

/* As a word: "sda" is neither in "sdab" nor in "sda1". */
static bool names(const char *said, const char *device)
{
    size_t length = strlen(device);
    for (const char *at = strstr(said, device); at; at = strstr(at + 1, device))
        if ((at == said || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

/* A record is "priority,number,time,flags;text" and a newline, then lines of its own that begin
 * with a space (Documentation/ABI/testing/dev-kmsg). The text; NULL: it is none. */
static char *text_of(char *record)
{
    char *said = strchr(record, ';');
    if (said)
        said[strcspn(said, "\n")] = '\0';
    return said ? said + 1 : NULL;
}

bool kernel_log_end(int log, const char *device, const char *fstype, char *text, size_t size)
{
    char record[RECORD_MAX];
    ssize_t length;
    /* EPIPE: some were overwritten before they were read. */
    while ((length = read(log, record, sizeof record - 1)) > 0 || (length < 0 && errno == EPIPE)) {
        record[length > 0 ? length : 0] = '\0';
        const char *said = text_of(record);
        /* "EXT4-fs (sda): …": the kernel's name for the device is not the user's. */
        const char *prefix = said ? strstr(said, "): ") : NULL;
        if (!said ||
            !(names(said, device) || (!prefix && strncasecmp(said, fstype, strlen(fstype)) == 0)))
            continue;
        snprintf(text, size, "%s", prefix ? prefix + 3 : said);
        return *text != '\0';
    }
    return false;
}
