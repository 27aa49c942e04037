/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/mount/mount-options.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "fstab.h"
#include "mount-plan.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The file, as much of it as counts and one byte more; its length or -errno. */
static ssize_t read_fstab(int root, char **text)
{
    struct stat status;
    size_t length = 0;
    AUTO_FD int fd = safe_open_open(root, "/etc/fstab", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fd;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return -EINVAL;
    *text = malloc(FSTAB_SIZE_MAX + 1);
    if (!*text)
        return -ENOMEM;
    while (length <= FSTAB_SIZE_MAX) {
        ssize_t got = read(fd, *text + length, FSTAB_SIZE_MAX + 1 - length);
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* The options that matter: which subvolume of a btrfs. */
static void subvolume_options(const struct fstab_entry *entry, char *options, size_t size)
{
    char value[1024];
    options[0] = '\0';
    if (mount_options_value(entry->options, "subvol", value, sizeof value))
        snprintf(options, size, "subvol=%s", value);
    else if (mount_options_value(entry->options, "subvolid", value, sizeof value))
        snprintf(options, size, "subvolid=%s", value);
}

static const char *why_not_found(const struct device_spec *spec)
{
    return spec->kind == DEVICE_SPEC_MAPPED
               ? "no such volume was found (is it in an encrypted one?)"
               : "the guest's disks have no such device";
}

static void take_entry(struct mount_plan *self, volume_table *all, const struct fstab_entry *entry)
{
    struct device_spec spec;
    char options[1024 + 16];
    const char *why = entry->problem ? entry->problem : fstab_passed_over(entry);
    if (why) {
        log_lines_add(&self->notes, "/etc/fstab: line %u: passed over: %s", entry->line, why);
        return;
    }
    if (mount_plan_depth(entry->where) == 0)
        return;
    device_spec_parse(entry->device, &spec);
    struct content *what = volume_table_match(all, &spec);
    bool is_disk = spec.kind != DEVICE_SPEC_OTHER;
    if (!what) {
        why = is_disk ? why_not_found(&spec) : "not on a disk";
        log_lines_add(&self->notes, "/etc/fstab: line %u: %s at %s: passed over: %s", entry->line,
                      entry->device, entry->where, why);
        if (is_disk && !mount_options_has(entry->options, "nofail"))
            mount_plan_add_gap(self, entry->where, why);
        return;
    }
    subvolume_options(entry, options, sizeof options);
    mount_plan_add(self, &(struct mount_plan_item){.what = what,
                                                   .where = (char *)(uintptr_t)entry->where,
                                                   .options = strcmp(what->fstype, "btrfs") == 0
                                                                  ? options
                                                                  : (char *)(uintptr_t) "",
                                                   .line = entry->line});
}

void mount_plan_fstab(struct mount_plan *self, volume_table *all, int root)
{
    struct fstab table;
    AUTO_FREE char *text = NULL;
    ssize_t length = read_fstab(root, &text);
    if (length < 0) {
        log_lines_add(&self->notes, "/etc/fstab: %s", strerror((int)-length));
        return;
    }
    if (fstab_parse(text, (size_t)length, &table) < 0)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    for (size_t i = 0; i < table.count; i++)
        take_entry(self, all, &table.entries[i]);
    fstab_free(&table);
    mount_plan_sort(self);
}
