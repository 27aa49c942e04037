/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/mount/mount-options.h"
#include "base/cleanup.h"
#include "find-root.h"
#include "mount-plan.h"
#include <stdarg.h>
#include <string.h>

struct answer_text {
    char *message;
    size_t size;
};

static bool refuse(const struct answer_text *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(const struct answer_text *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to->message, to->size, format, arguments);
    va_end(arguments);
    return false;
}

/* What others call a type that libblkid knows by another name. */
static const char *usual_type(const char *fstype)
{
    static const char *const names[][2] = {{"ntfs-3g", "ntfs"}, {"ntfs3", "ntfs"},
                                           {"msdos", "vfat"},   {"fat", "vfat"},
                                           {"hfs+", "hfsplus"}, {"auto", ""}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(fstype, names[i][0]) == 0)
            return names[i][1];
    return fstype;
}

static bool take(struct mount_plan *self, volume_table *all, const struct ls_mount *mount,
                 const struct answer_text *to)
{
    struct device_spec spec;
    char device[MAX_DEVICE_NAME + 1], where[MAX_PATH + 1], options[MAX_MOUNT_OPTIONS + 1];
    char kept[MAX_MOUNT_OPTIONS + 1], fstype[MAX_FSTYPE + 1], there_are[MAX_MESSAGE / 2];
    const char *refused;
    struct mount_plan_item item = {.where = where, .options = kept};
    snprintf(device, sizeof device, "%.*s", (int)mount->device.device_len,
             mount->device.device_val);
    snprintf(where, sizeof where, "%.*s", (int)mount->mountpoint.mountpoint_len,
             mount->mountpoint.mountpoint_val);
    snprintf(options, sizeof options, "%.*s", (int)mount->options.options_len,
             mount->options.options_val);
    snprintf(fstype, sizeof fstype, "%.*s", (int)mount->fstype.fstype_len,
             mount->fstype.fstype_val);
    snprintf(item.fstype, sizeof item.fstype, "%s", usual_type(fstype));
    if (where[0] && where[0] != '/')
        return refuse(to, "mount %s: %.256s: not an absolute path", device, where);
    if (!mount_options_permitted(options, kept, &refused))
        return refuse(to, "mount %s: option %.256s: not allowed", device, refused);
    device_spec_parse(device, &spec);
    item.what = volume_table_match(all, &spec);
    if (!item.what) {
        find_root_describe(all, there_are, sizeof there_are);
        return refuse(to, "mount %s: no such device; there are: %s", device, there_are);
    }
    mount_plan_add(self, &item);
    return true;
}

enum status mount_plan_mounts(struct mount_plan *self, volume_table *all,
                              const struct ls_args *args, char *message, size_t size)
{
    const struct answer_text to = {message, size};
    for (u_int i = 0; i < args->mounts.mounts_len; i++)
        if (!take(self, all, &args->mounts.mounts_val[i], &to))
            return STATUS_UNSUPPORTED;
    mount_plan_sort(self);
    if (mount_plan_depth(self->items[0].where) > 0) {
        refuse(&to, "no filesystem is to be mounted at /");
        return STATUS_UNSUPPORTED;
    }
    if (self->count > 1 && mount_plan_depth(self->items[1].where) == 0) {
        refuse(&to, "two filesystems are to be mounted at /: %s and %s", self->items[0].what->name,
               self->items[1].what->name);
        return STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}
