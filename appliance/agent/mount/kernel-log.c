/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel-log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int kernel_log_open(void)
{
    int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (log >= 0)
        lseek(log, 0, SEEK_END);
    return log;
}

int kernel_log_begin(void)
{
    static int log = -1;
    if (log < 0)
        return log = kernel_log_open();
    lseek(log, 0, SEEK_END);
    return log;
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

/* A record is "priority,number,time,flags;text" and a newline, then lines of its own that begin
 * with a space (Documentation/ABI/testing/dev-kmsg). The priority is syslog's: the level is its
 * lowest three bits. */
static bool take_record(char *record, int *level)
{
    char *said = strchr(record, ';');
    if (!said)
        return false;
    *level = atoi(record) & 7;
    said[1 + strcspn(said + 1, "\n")] = '\0';
    memmove(record, said + 1, strlen(said + 1) + 1);
    return true;
}

bool kernel_log_next(int log, int *level, char text[KERNEL_LOG_LINE_MAX])
{
    ssize_t length;
    /* EPIPE: some were overwritten before they were read. */
    while ((length = read(log, text, KERNEL_LOG_LINE_MAX - 1)) > 0 ||
           (length < 0 && errno == EPIPE)) {
        text[length > 0 ? length : 0] = '\0';
        if (take_record(text, level))
            return true;
    }
    return false;
}
