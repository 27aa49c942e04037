/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-tree.h"
#include "agent/util/safe-open.h"
#include "find-root.h"
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

struct guest_tree {
    volume_table *all;
    const struct detached_mounts_ops *ops;
    struct mount_plan plan;
    int root;
    bool planted;
    bool folds;
    char message[MAX_MESSAGE];
};

guest_tree *guest_tree_new(device_table *disks, kernel_modules *loaded,
                           const struct detached_mounts_ops *ops, bool compose)
{
    guest_tree *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->root = -1;
    self->ops = ops;
    self->all = volume_table_new(disks, loaded, ops, compose);
    if (!self->all) {
        free(self);
        return NULL;
    }
    return self;
}

void guest_tree_clear(guest_tree *self)
{
    if (self->root >= 0)
        close(steal_fd(&self->root));
    if (self->planted)
        self->ops->fell();
    volume_table_release(self->all);
    mount_plan_clear(&self->plan);
    self->planted = self->folds = false;
    self->message[0] = '\0';
}

const char *guest_tree_message(const guest_tree *self)
{
    return self->message;
}

const struct mount_plan *guest_tree_plan(const guest_tree *self)
{
    return &self->plan;
}

struct log_lines guest_tree_take_notes(guest_tree *self)
{
    struct log_lines notes = self->plan.notes;
    memset(&self->plan.notes, 0, sizeof self->plan.notes);
    return notes;
}

const struct scan_times *guest_tree_times(const guest_tree *self)
{
    return volume_table_times(self->all);
}

int guest_tree_root(const guest_tree *self)
{
    return self->root;
}

static bool is_ntfs(const struct mount_plan_item *item)
{
    return strcmp(item->fstype[0] ? item->fstype : item->what->fstype, "ntfs") == 0;
}

/* Of several that are not the root, no link tells which it is in. */
struct safe_open_how guest_tree_how(const guest_tree *self)
{
    const char *at = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < self->plan.count; i++)
        if (is_ntfs(&self->plan.items[i]) && mount_plan_depth(self->plan.items[i].where) > 0) {
            at = self->plan.items[i].where;
            count++;
        }
    return (struct safe_open_how){.fold = self->folds,
                                  .ntfs_at = self->folds  ? ""
                                             : count == 1 ? at
                                                          : NULL};
}

uint64_t guest_tree_device(const guest_tree *self, uint64_t device)
{
    return volume_table_device(self->all, device);
}

device_inodes *guest_tree_inodes(void *self, dev_t device)
{
    guest_tree *tree = self;
    return volume_table_inodes(tree->all, device);
}

static enum status fail(guest_tree *self, enum status why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum status fail(guest_tree *self, enum status why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->message, sizeof self->message, format, arguments);
    va_end(arguments);
    return why;
}

/* Takes the descriptor over. */
static enum status plant(guest_tree *self, int directory, const char *fstype)
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
static int graft(guest_tree *self, const struct mount_plan_item *item,
                 struct mount_outcome *outcome)
{
    AUTO_FD int mounted =
        volume_table_mount(self->all, item->what, item->fstype, item->options, outcome);
    if (mounted < 0)
        return -1;
    AUTO_FD int where = safe_open_open(self->root, item->where, O_PATH | O_DIRECTORY);
    int result = where < 0 ? where : self->ops->graft(mounted, where);
    if (result == 0)
        return 0;
    outcome->status = STATUS_UNSUPPORTED;
    snprintf(outcome->message, sizeof outcome->message, "%s: %s",
             where < 0 ? "the mount point" : "mount", strerror(-result));
    return -1;
}

static void graft_plan(guest_tree *self)
{
    char why[VOLUME_MESSAGE_MAX + CONTENT_NAME_MAX + 32];
    struct mount_outcome outcome;
    for (size_t i = 0; i < self->plan.count; i++) {
        const struct mount_plan_item *item = &self->plan.items[i];
        if (graft(self, item, &outcome) == 0)
            continue;
        if (item->line > 0)
            log_lines_add(&self->plan.notes, "/etc/fstab: line %u: %s at %s: %s", item->line,
                          item->what->name, item->where, outcome.message);
        else
            log_lines_add(&self->plan.notes, "%s at %s: %s", item->what->name, item->where,
                          outcome.message);
        snprintf(why, sizeof why, "%s is not mounted here: %s", item->what->name, outcome.message);
        mount_plan_add_gap(&self->plan, item->where, why);
    }
}

/* ---- OSTree ---- */

/* A directory in the tree as it is now, as a mount of its own; -1: it is not there. */
static int bind_directory(const guest_tree *self, const char *path)
{
    AUTO_FD int directory = safe_open_open(self->root, path, O_PATH | O_DIRECTORY);
    int mounted = directory < 0 ? -1 : self->ops->bind(directory);
    return mounted < 0 ? -1 : mounted;
}

static void graft_directory(guest_tree *self, int mounted, const char *path)
{
    AUTO_FD int where = mounted < 0 ? -1 : safe_open_open(self->root, path, O_PATH | O_DIRECTORY);
    int result = where < 0 ? -ENOENT : self->ops->graft(mounted, where);
    if (result < 0)
        log_lines_add(&self->plan.notes, "%s: not mounted: %s", path, strerror(-result));
}

/* What ostree-prepare-root(1) makes of the filesystem that was planted: the deployment is the root,
 * and has /var of its name and /boot. /sysroot stays empty: it would have all files again. */
static enum status plant_deployment(guest_tree *self, const struct find_root_root *root)
{
    const struct ostree_deployment *one = &root->deployment;
    AUTO_FD int system = bind_directory(self, one->path), var = bind_directory(self, one->var),
                boot = bind_directory(self, "/boot");
    if (system < 0)
        return fail(self, STATUS_CRASHED, "mount the OSTree deployment %s", one->path);
    log_lines_add(&self->plan.notes, "OSTree deployment: %s", one->path);
    close(steal_fd(&self->root));
    self->ops->fell();
    self->planted = false;
    enum status result = plant(self, steal_fd(&system), root->what->fstype);
    if (result != STATUS_OK)
        return result;
    graft_directory(self, var, "/var");
    graft_directory(self, boot, "/boot");
    return STATUS_OK;
}

/* CoreOS has no fstab: a unit that is generated mounts it, by its label. */
static void plan_boot(guest_tree *self, const struct find_root_root *root)
{
    char none[] = "", where[] = "/boot";
    bool planned = !root->boot || strcmp(root->boot->fstype, "vfat") == 0;
    for (size_t i = 0; !planned && i < self->plan.count; i++)
        planned = self->plan.items[i].what == root->boot;
    if (planned)
        return;
    log_lines_add(&self->plan.notes, "%s at /boot: it has the boot loader's entries",
                  root->boot->name);
    mount_plan_add(&self->plan,
                   &(struct mount_plan_item){.what = root->boot, .where = where, .options = none});
    mount_plan_sort(&self->plan);
}

/* ---- */

static enum status build_system(guest_tree *self)
{
    struct find_root_root root;
    enum status result =
        find_root_find(self->all, &root, &self->plan.notes, self->message, sizeof self->message);
    if (result != STATUS_OK)
        return result;
    log_lines_add(&self->plan.notes, "root: %s%s%s", root.what->name,
                  root.subvolume[0] ? ", subvolume " : "", root.subvolume);
    result = plant(self, root.directory, root.what->fstype);
    if (result == STATUS_OK && root.kind == ROOT_OSTREE)
        result = plant_deployment(self, &root);
    if (result != STATUS_OK || root.kind == ROOT_WINDOWS)
        return result;
    mount_plan_fstab(&self->plan, self->all, root.what, self->root);
    plan_boot(self, &root);
    mount_plan_types(&self->plan, self->all, root.what, self->root);
    graft_plan(self);
    return STATUS_OK;
}

static enum status build_mounts(guest_tree *self, const struct ls_args *args)
{
    struct mount_outcome outcome;
    enum status result =
        mount_plan_mounts(&self->plan, self->all, args, self->message, sizeof self->message);
    for (size_t i = 0; result == STATUS_OK && i < self->plan.count; i++) {
        const struct mount_plan_item *item = &self->plan.items[i];
        if (i == 0) {
            int mounted =
                volume_table_mount(self->all, item->what, item->fstype, item->options, &outcome);
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

void guest_tree_watch(guest_tree *self, const struct replay_watch *watch)
{
    volume_table_watch(self->all, watch);
}

need guest_tree_needs(const guest_tree *self)
{
    return volume_table_needs(self->all);
}

enum status guest_tree_complaint(const guest_tree *self, const char **message)
{
    return volume_table_complaint(self->all, message);
}

enum status guest_tree_build(guest_tree *self, const struct ls_args *args)
{
    guest_tree_clear(self);
    volume_table_read_as_is(self->all, args->as_is);
    volume_table_set_fragile(self->all, args->fragile);
    volume_table_set_larger(self->all, args->larger);
    volume_table_set_replays(self->all, args->replays);
    if (volume_table_find(self->all, args->disks.disks_val, args->disks.disks_len,
                          args->keys.key_list_val, args->keys.key_list_len, self->message,
                          sizeof self->message) < 0)
        return STATUS_CRASHED;
    if (volume_table_needs(self->all) != NEED_NOTHING)
        return fail(self, STATUS_UNSUPPORTED, "it needs another appliance");
    return args->mounts.mounts_len == 0 ? build_system(self) : build_mounts(self, args);
}
