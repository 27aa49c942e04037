/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dm.h"
#include "cleanup.h"
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#define CONTROL "/dev/mapper/control"
#define PARAMETERS_MAX 512

/* An ioctl's argument, and room for a table of one target or for a few names. */
struct call {
    struct dm_ioctl head;
    struct dm_target_spec target;
    char parameters[PARAMETERS_MAX];
};

static int call(unsigned long request, struct call *args, const char *name)
{
    AUTO_FD int fd = open(CONTROL, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    args->head.version[0] = DM_VERSION_MAJOR;
    args->head.data_size = sizeof *args;
    args->head.data_start = offsetof(struct call, target);
    snprintf(args->head.name, sizeof args->head.name, "%s", name);
    return ioctl(fd, request, args) < 0 ? -errno : 0;
}

static int load_table(const char *name, const char *target, uint64_t sectors,
                      const char *parameters)
{
    struct call args = {.head.target_count = 1, .target.length = sectors};
    if (strlen(target) >= sizeof args.target.target_type ||
        strlen(parameters) >= sizeof args.parameters)
        return -EINVAL;
    snprintf(args.target.target_type, sizeof args.target.target_type, "%s", target);
    snprintf(args.parameters, sizeof args.parameters, "%s", parameters);
    return call(DM_TABLE_LOAD, &args, name);
}

int dm_create(const char *name, const char *target, uint64_t sectors, const char *parameters,
              dev_t *number)
{
    struct call args = {.head.flags = 0};
    if (strlen(name) >= DM_NAME_MAX)
        return -ENAMETOOLONG;
    int result = call(DM_DEV_CREATE, &args, name);
    if (result < 0)
        return result;
    *number = (dev_t)args.head.dev;
    result = load_table(name, target, sectors, parameters);
    /* Without DM_SUSPEND_FLAG this is a resume, which makes the table the one in use. */
    if (result == 0)
        result = call(DM_DEV_SUSPEND, &(struct call){.head.flags = 0}, name);
    if (result < 0)
        call(DM_DEV_REMOVE, &(struct call){.head.flags = 0}, name);
    return result;
}

int dm_find(const char *name, dev_t *number)
{
    struct call args = {.head.flags = 0};
    int result = call(DM_DEV_STATUS, &args, name);
    *number = (dev_t)args.head.dev;
    return result;
}

int dm_remove_all(void)
{
    struct call args = {.head.flags = 0};
    int result = call(DM_REMOVE_ALL, &args, "");
    if (result < 0)
        return result == -ENOENT ? 0 : result; /* no driver: no devices */
    struct call left = {.head.flags = 0};
    result = call(DM_LIST_DEVICES, &left, "");
    if (result < 0)
        return result;
    /* The first struct dm_name_list stands where a target would; dev 0: there is none. */
    const struct dm_name_list *first = (const struct dm_name_list *)&left.target;
    return (left.head.flags & DM_BUFFER_FULL_FLAG) || first->dev ? -EBUSY : 0;
}
