/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "assembly.h"
#include "resolve.h"
#include "system.h"
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

struct assembly {
    contents *all;
    const struct graft_ops *ops;
    struct plan plan;
    int root;
    bool planted;
    bool folds;
    char message[MAX_MESSAGE];
};

assembly *assembly_new(devices *disks, modules *loaded, const struct graft_ops *ops, bool compose)
{
    assembly *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->root = -1;
    self->ops = ops;
    self->all = contents_new(disks, loaded, ops, compose);
    if (!self->all) {
        free(self);
        return NULL;
    }
    return self;
}

void assembly_clear(assembly *self)
{
    if (self->root >= 0)
        close(steal_fd(&self->root));
    if (self->planted)
        self->ops->fell();
    contents_release(self->all);
    plan_clear(&self->plan);
    self->planted = self->folds = false;
    self->message[0] = '\0';
}

const char *assembly_message(const assembly *self)
{
    return self->message;
}

const struct plan *assembly_plan(const assembly *self)
{
    return &self->plan;
}

struct notes assembly_take_notes(assembly *self)
{
    struct notes notes = self->plan.notes;
    memset(&self->plan.notes, 0, sizeof self->plan.notes);
    return notes;
}

const struct scan_times *assembly_times(const assembly *self)
{
    return contents_times(self->all);
}

int assembly_root(const assembly *self)
{
    return self->root;
}

bool assembly_folds(const assembly *self)
{
    return self->folds;
}

uint64_t assembly_device(const assembly *self, uint64_t device)
{
    return contents_device(self->all, device);
}

extinodes *assembly_inodes(void *self, dev_t device)
{
    assembly *tree = self;
    return contents_inodes(tree->all, device);
}

static enum status fail(assembly *self, enum status why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum status fail(assembly *self, enum status why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->message, sizeof self->message, format, arguments);
    va_end(arguments);
    return why;
}

/* Takes the descriptor over. */
static enum status plant(assembly *self, int directory, const char *fstype)
{
    self->root = directory;
    self->folds = strcmp(fstype, "ntfs") == 0;
    int result = self->ops->plant(directory);
    if (result < 0)
        return fail(self, STATUS_CRASHED, "mount the root: %s", strerror(-result));
    self->planted = true;
    return STATUS_OK;
}

/* Mounts an item where it belongs; what failed is in *outcome. */
static int graft(assembly *self, const struct plan_item *item, struct mount_outcome *outcome)
{
    AUTO_FD int mounted =
        contents_mount(self->all, item->what, item->fstype, item->options, outcome);
    if (mounted < 0)
        return -1;
    AUTO_FD int where = resolve_open(self->root, item->where, O_PATH | O_DIRECTORY);
    int result = where < 0 ? where : self->ops->graft(mounted, where);
    if (result == 0)
        return 0;
    outcome->status = STATUS_UNSUPPORTED;
    snprintf(outcome->message, sizeof outcome->message, "%s: %s",
             where < 0 ? "the mount point" : "mount", strerror(-result));
    return -1;
}

static void graft_fstab(assembly *self)
{
    char why[VOLUME_MESSAGE_MAX + CONTENT_NAME_MAX + 32];
    struct mount_outcome outcome;
    for (size_t i = 0; i < self->plan.count; i++) {
        const struct plan_item *item = &self->plan.items[i];
        if (graft(self, item, &outcome) == 0)
            continue;
        notes_add(&self->plan.notes, "/etc/fstab: line %u: %s at %s: %s", item->line,
                  item->what->name, item->where, outcome.message);
        snprintf(why, sizeof why, "%s is not mounted here: %s", item->what->name, outcome.message);
        plan_add_gap(&self->plan, item->where, why);
    }
}

static enum status build_system(assembly *self)
{
    struct system_root root;
    enum status result =
        system_find(self->all, &root, &self->plan.notes, self->message, sizeof self->message);
    if (result != STATUS_OK)
        return result;
    notes_add(&self->plan.notes, "root: %s%s%s", root.what->name,
              root.subvolume[0] ? ", subvolume " : "", root.subvolume);
    result = plant(self, root.directory, root.what->fstype);
    if (result != STATUS_OK || root.kind != ROOT_LINUX)
        return result;
    plan_fstab(&self->plan, self->all, self->root);
    graft_fstab(self);
    return STATUS_OK;
}

static enum status build_mounts(assembly *self, const struct ls_args *args)
{
    struct mount_outcome outcome;
    enum status result =
        plan_mounts(&self->plan, self->all, args, self->message, sizeof self->message);
    for (size_t i = 0; result == STATUS_OK && i < self->plan.count; i++) {
        const struct plan_item *item = &self->plan.items[i];
        if (i == 0) {
            int mounted =
                contents_mount(self->all, item->what, item->fstype, item->options, &outcome);
            if (mounted >= 0)
                result = plant(self, mounted, item->fstype[0] ? item->fstype : item->what->fstype);
            else
                result = outcome.status;
        } else if (graft(self, item, &outcome) < 0) {
            result = outcome.status;
        }
        if (result != STATUS_OK && !self->message[0])
            fail(self, result, "mount %s%s%s: %s", item->what->name, i > 0 ? " at " : "",
                 i > 0 ? item->where : "", outcome.message);
    }
    return result;
}

enum status assembly_build(assembly *self, const struct ls_args *args)
{
    assembly_clear(self);
    if (contents_find(self->all, args->disks.disks_val, args->disks.disks_len,
                      args->keys.key_list_val, args->keys.key_list_len, self->message,
                      sizeof self->message) < 0)
        return STATUS_CRASHED;
    return args->mounts.mounts_len == 0 ? build_system(self) : build_mounts(self, args);
}
