/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reason.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int reason_begin(void)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        lseek(fd, 0, SEEK_END);
    return fd;
}

/* A record is "priority,number,time,flags;text" and a newline, then lines of its own that begin
 * with a space (Documentation/ABI/testing/dev-kmsg). */
bool reason_end(int log, char *text, size_t size)
{
    char record[1024];
    ssize_t length = log < 0 ? -1 : read(log, record, sizeof record - 1);
    if (length <= 0)
        return false;
    record[length] = '\0';
    const char *said = strchr(record, ';');
    if (!said)
        return false;
    said++;
    /* "EXT4-fs (sda): …": the kernel's name for the device is not the user's. */
    const char *device = strstr(said, "): ");
    const char *newline = strchr(said, '\n');
    if (device && newline && device < newline)
        said = device + 3;
    snprintf(text, size, "%.*s", (int)strcspn(said, "\n"), said);
    return *text != '\0';
}
