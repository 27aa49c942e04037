/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-mapper.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#define CONTROL "/dev/mapper/control"
#define NAMES_MAX 512

/* Devices that are removed at the same time. */
#define TOGETHER_MAX 16

/* Bytes of a list of devices, at first. */
#define LIST_MIN 4096

/* An ioctl's argument, and room for a few names. */
struct call {
    struct dm_ioctl head;
    char names[NAMES_MAX];
};

/* Stays open: a view takes eight calls. */
static int control(void)
{
    static int fd = -1;
    if (fd < 0)
        fd = open(CONTROL, O_RDWR | O_CLOEXEC);
    return fd;
}

static int call_with(unsigned long request, struct dm_ioctl *head, size_t size, const char *name)
{
    int fd = control();
    if (fd < 0)
        return -errno;
    head->version[0] = DM_VERSION_MAJOR;
    head->data_size = (uint32_t)size;
    head->data_start = sizeof *head;
    snprintf(head->name, sizeof head->name, "%s", name);
    return ioctl(fd, request, head) < 0 ? -errno : 0;
}

static int call(unsigned long request, struct call *args, const char *name)
{
    return call_with(request, &args->head, sizeof *args, name);
}

/* A target's place in the argument: itself and its parameters. The next one is aligned. */
static size_t spec_size(const struct device_mapper_part *part)
{
    size_t size = sizeof(struct dm_target_spec) + strlen(part->parameters) + 1;
    return (size + 7) & ~(size_t)7;
}

static int load_table(const char *name, bool read_only, const struct device_mapper_part *parts,
                      size_t count)
{
    size_t size = sizeof(struct dm_ioctl);
    uint64_t sector = 0;
    for (size_t i = 0; i < count; i++)
        size += spec_size(&parts[i]);
    AUTO_FREE char *args = calloc(1, size);
    if (!args)
        return -ENOMEM;
    struct dm_ioctl *head = (struct dm_ioctl *)(void *)args;
    head->target_count = (uint32_t)count;
    head->flags = read_only ? DM_READONLY_FLAG : 0;
    char *at = args + sizeof *head;
    for (size_t i = 0; i < count; i++) {
        struct dm_target_spec *spec = (struct dm_target_spec *)(void *)at;
        spec->sector_start = sector;
        spec->length = parts[i].sectors;
        spec->next = (uint32_t)spec_size(&parts[i]);
        snprintf(spec->target_type, sizeof spec->target_type, "%s", parts[i].target);
        memcpy(at + sizeof *spec, parts[i].parameters, strlen(parts[i].parameters) + 1);
        sector += parts[i].sectors;
        at += spec->next;
    }
    return call_with(DM_TABLE_LOAD, head, size, name);
}

int device_mapper_reload(const char *name, bool read_only, const struct device_mapper_part *parts,
                         size_t count)
{
    int result = load_table(name, read_only, parts, count);
    /* Without DM_SUSPEND_FLAG this is a resume, which makes the table the one in use. Nothing is
     * mounted or read there, so nothing is to be frozen or waited for. */
    struct call resume = {.head.flags = DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG};
    if (result == 0)
        result = call(DM_DEV_SUSPEND, &resume, name);
    return result;
}

int device_mapper_create(const char *name, bool read_only, const struct device_mapper_part *parts,
                         size_t count, dev_t *number)
{
    struct call args = {.head.flags = 0};
    if (strlen(name) >= DEVICE_MAPPER_NAME_MAX)
        return -ENAMETOOLONG;
    int result = call(DM_DEV_CREATE, &args, name);
    if (result < 0)
        return result;
    *number = (dev_t)args.head.dev;
    result = device_mapper_reload(name, read_only, parts, count);
    if (result < 0)
        call(DM_DEV_REMOVE, &(struct call){.head.flags = 0}, name);
    return result;
}

int device_mapper_find(const char *name, dev_t *number)
{
    struct call args = {.head.flags = 0};
    int result = call(DM_DEV_STATUS, &args, name);
    *number = (dev_t)args.head.dev;
    return result < 0 ? result : args.head.open_count > 0;
}

int device_mapper_make(const char *name, bool read_only, const struct device_mapper_part *parts,
                       size_t count, dev_t *number)
{
    int result = device_mapper_find(name, number);
    if (result > 0)
        return -EBUSY;
    return result == 0 ? device_mapper_reload(name, read_only, parts, count)
                       : device_mapper_create(name, read_only, parts, count, number);
}

int device_mapper_empty(const char *name)
{
    static const struct device_mapper_part nothing = {1, "error", ""};
    dev_t number;
    int result = device_mapper_find(name, &number);
    if (result == -ENXIO)
        return 0;
    if (result == 0)
        result = device_mapper_reload(name, false, &nothing, 1);
    return result > 0 ? -EBUSY : result;
}

int device_mapper_remove(const char *name)
{
    char path[DEVICE_MAPPER_NAME_MAX + sizeof "/dev/mapper/"];
    struct call args = {.head.flags = 0};
    int result = call(DM_DEV_REMOVE, &args, name);
    snprintf(path, sizeof path, "/dev/mapper/%s", name);
    if (result == 0)
        unlink(path);
    return result;
}

int device_mapper_status(const char *name, char *text, size_t size)
{
    struct call args = {.head.flags = 0};
    int result = call(DM_TABLE_STATUS, &args, name);
    if (result < 0)
        return result;
    const size_t before = sizeof args.head + sizeof(struct dm_target_spec);
    if (args.head.target_count == 0 || (args.head.flags & DM_BUFFER_FULL_FLAG) ||
        args.head.data_start != sizeof args.head)
        return -ENODATA;
    snprintf(text, size, "%.*s", (int)(sizeof args - before), (const char *)&args + before);
    return 0;
}

/* ---- all of them ---- */

/* The kernel has no part in them. The next devices get the same numbers, and would have two names.
 */
static void remove_nodes(void)
{
    AUTO_DIR DIR *directory = opendir("/dev/mapper");
    if (!directory)
        return;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (strcmp(entry->d_name, "control") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
}

/* All devices, in one piece of new memory; NULL and *result: 0 where there is no driver. */
static struct dm_ioctl *list_devices(int *result)
{
    for (size_t size = LIST_MIN;; size *= 2) {
        struct dm_ioctl *list = calloc(1, size);
        if (!list)
            abort(); /* an appliance without memory is of no use; the host sees it end */
        *result = call_with(DM_LIST_DEVICES, list, size, "");
        if (*result == 0 && !(list->flags & DM_BUFFER_FULL_FLAG))
            return list;
        free(list);
        if (*result < 0) {
            *result = *result == -ENOENT ? 0 : *result;
            return NULL;
        }
    }
}

static char *first_name(struct dm_ioctl *list)
{
    struct dm_name_list *first = (struct dm_name_list *)(void *)((char *)list + list->data_start);
    return first->dev ? first->name : NULL; /* dev 0: there is none */
}

static char *next_name(char *name)
{
    struct dm_name_list *one =
        (struct dm_name_list *)(void *)(name - offsetof(struct dm_name_list, name));
    return one->next ? ((struct dm_name_list *)(void *)((char *)one + one->next))->name : NULL;
}

static void *remove_one(void *name)
{
    struct call args = {.head.flags = 0};
    return call(DM_DEV_REMOVE, &args, name) == 0 ? name : NULL;
}

/* Removes them at the same time: each waits some 10 ms, in which the processor has nothing to do,
 * until no other processor can be using its queue (blk_mq_freeze_queue_wait(), by call_rcu()). How
 * many are gone: those that others are made of are not. */
static size_t remove_together(char *const *names, size_t count)
{
    pthread_t threads[TOGETHER_MAX];
    size_t started = 1, gone = 0;
    while (started < count &&
           pthread_create(&threads[started], NULL, remove_one, names[started]) == 0)
        started++;
    gone += remove_one(names[0]) != NULL;
    while (started > 1) {
        void *name;
        gone += pthread_join(threads[--started], &name) == 0 && name != NULL;
    }
    return gone;
}

/* Tries to remove each that `stays` does not name. How many are gone; *left: how many are not. */
static int remove_round(bool (*stays)(const char *name), size_t *left)
{
    int result;
    char *names[TOGETHER_MAX];
    size_t count = 0, gone = 0;
    AUTO_FREE struct dm_ioctl *list = list_devices(&result);
    *left = 0;
    for (char *name = list ? first_name(list) : NULL, *next; name; name = next) {
        next = next_name(name);
        if (!stays(name)) {
            names[count++] = name;
            ++*left;
        }
        if (count == TOGETHER_MAX || (count > 0 && !next)) {
            gone += remove_together(names, count);
            count = 0;
        }
    }
    *left -= gone;
    return result < 0 ? result : (int)gone;
}

int device_mapper_remove_all(bool (*stays)(const char *name))
{
    size_t left;
    int gone;
    do
        gone = remove_round(stays, &left);
    while (gone > 0 && left > 0);
    if (gone < 0)
        return gone;
    if (left > 0)
        return -EBUSY;
    remove_nodes();
    return 0;
}
