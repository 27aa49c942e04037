/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-queue.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Documentation/ABI/stable/sysfs-block */
static const struct {
    const char *name, *value;
} settings[] = {
    {"scheduler", "none"}, /* QEMU answers at once, or the host's kernel schedules */
    {"iostats", "0"},
    {"add_random", "0"},   /* what is random comes from the host (renewal.h) */
    {"wbt_lat_usec", "0"}, /* throttles writes */
};

void disk_queue_simplify(const device_table *table, unsigned target)
{
    char path[NODE_MAX];
    dev_t number = device_table_number(table, target, 0);
    for (size_t i = 0; number != 0 && i < sizeof settings / sizeof *settings; i++) {
        snprintf(path, sizeof path, "%s/dev/block/%u:%u/queue/%s", device_table_sys(table),
                 major(number), minor(number), settings[i].name);
        AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
        size_t length = strlen(settings[i].value);
        if (fd >= 0 && write(fd, settings[i].value, length) != (ssize_t)length)
            fprintf(stderr, "agent: %s: %s\n", path, strerror(errno));
    }
}
