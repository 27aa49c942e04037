/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/mount/mount-options.h"
#include "base/cleanup.h"
#include "crypttab.h"
#include "fstab.h"
#include "guest-file.h"
#include "mount-plan.h"
#include <string.h>

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
    switch (spec->kind) {
    case DEVICE_SPEC_MAPPED:
        return "no such volume was found (is it in an encrypted one?)";
    case DEVICE_SPEC_HARDWARE:
        return "only the guest's own machine knows that name, and which of the filesystems here "
               "it is cannot be told";
    default:
        return "the guest's disks have no such device";
    }
}

struct fstab_plan {
    struct mount_plan *plan;
    volume_table *all;
    const struct content *root;
    const char *crypttab; /* the guest's, of so many bytes */
    size_t crypttab_length;
    size_t known; /* items of the plan that are no guesses */
};

static void add(const struct fstab_plan *self, const struct fstab_entry *entry,
                struct content *what)
{
    char options[1024 + 16];
    subvolume_options(entry, options, sizeof options);
    mount_plan_add(self->plan,
                   &(struct mount_plan_item){.what = what,
                                             .where = (char *)(uintptr_t)entry->where,
                                             .options = strcmp(what->fstype, "btrfs") == 0
                                                            ? options
                                                            : (char *)(uintptr_t) "",
                                             .line = entry->line});
}

static void miss(const struct fstab_plan *self, const struct fstab_entry *entry,
                 const struct device_spec *spec)
{
    const char *why = spec->kind == DEVICE_SPEC_OTHER ? "not on a disk" : why_not_found(spec);
    bool may_miss =
        spec->kind == DEVICE_SPEC_OTHER || mount_options_has(entry->options, "nofail") ||
        (spec->kind == DEVICE_SPEC_HARDWARE && mount_options_has(entry->options, "noauto"));
    log_lines_add(&self->plan->notes, "/etc/fstab: line %u: %s at %s: passed over: %s", entry->line,
                  entry->device, entry->where, why);
    if (!may_miss)
        mount_plan_add_gap(self->plan, entry->where, why);
}

/* ---- guesses ---- */

static bool is_planned(const struct fstab_plan *self, const struct content *what)
{
    for (size_t i = 0; i < self->known; i++)
        if (self->plan->items[i].what == what)
            return true;
    return what == self->root;
}

/* Whether the entry's type may be what libblkid calls so: the drivers of a family mount each
 * other's.
 */
static bool is_of_type(const char *type, const char *fstype)
{
    static const char *const families[] = {"ext", "ntfs", "hfs"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(type, families[i], strlen(families[i])) == 0)
            return strncmp(fstype, families[i], strlen(families[i])) == 0;
    return strcmp(type, "auto") == 0 || strcmp(type, fstype) == 0 ||
           (strcmp(type, "msdos") == 0 && strcmp(fstype, "vfat") == 0);
}

/* Whether the entry may mean that volume, by all that is known of both. */
static bool may_be(const struct fstab_plan *self, const struct fstab_entry *entry,
                   const struct device_spec *spec, const struct content *what)
{
    return what->volume <= VOLUME_PARTITION && what->kind == CONTENT_FILESYSTEM &&
           what->status == STATUS_OK && what->partition == spec->partition &&
           is_of_type(entry->type, what->fstype) && !is_planned(self, what);
}

/* The one that it may be; NULL: there is none, or more. */
static struct content *only_candidate(const struct fstab_plan *self,
                                      const struct fstab_entry *entry,
                                      const struct device_spec *spec)
{
    struct content *found = NULL;
    for (size_t i = 0; i < volume_table_count(self->all); i++) {
        struct content *what = volume_table_at(self->all, i);
        if (!may_be(self, entry, spec, what))
            continue;
        if (found)
            return NULL;
        found = what;
    }
    return found;
}

/* Whether the entry names a volume by what only the guest's machine knows. */
static bool is_riddle(const struct fstab_entry *entry, struct device_spec *spec)
{
    if (entry->problem || fstab_passed_over(entry) || mount_plan_depth(entry->where) == 0)
        return false;
    device_spec_parse(entry->device, spec);
    return spec->kind == DEVICE_SPEC_HARDWARE;
}

/* Whether another entry may mean the same: then neither does for sure. */
static bool is_contested(const struct fstab_plan *self, const struct fstab *table, size_t index,
                         const struct content *what)
{
    struct device_spec spec;
    for (size_t i = 0; i < table->count; i++)
        if (i != index && is_riddle(&table->entries[i], &spec) &&
            strcmp(table->entries[i].device, table->entries[index].device) != 0 &&
            may_be(self, &table->entries[i], &spec, what))
            return true;
    return false;
}

/* When all others have been found. */
static void guess(const struct fstab_plan *self, const struct fstab *table)
{
    struct device_spec spec;
    for (size_t i = 0; i < table->count; i++) {
        const struct fstab_entry *entry = &table->entries[i];
        if (!is_riddle(entry, &spec))
            continue;
        struct content *what = only_candidate(self, entry, &spec);
        if (!what || is_contested(self, table, i, what)) {
            miss(self, entry, &spec);
            continue;
        }
        log_lines_add(&self->plan->notes,
                      "/etc/fstab: line %u: %s at %s: taken for %s, the only filesystem that is "
                      "left: a guess",
                      entry->line, entry->device, entry->where, what->name);
        add(self, entry, what);
    }
}

/* ---- all ---- */

static void take_entry(const struct fstab_plan *self, const struct fstab_entry *entry)
{
    struct device_spec spec;
    const char *why = entry->problem ? entry->problem : fstab_passed_over(entry);
    if (why) {
        log_lines_add(&self->plan->notes, "/etc/fstab: line %u: passed over: %s", entry->line, why);
        return;
    }
    if (mount_plan_depth(entry->where) == 0 || is_riddle(entry, &spec))
        return;
    device_spec_parse(entry->device, &spec);
    struct content *what =
        crypttab_resolve(self->all, self->crypttab, self->crypttab_length, entry->device);
    if (what)
        add(self, entry, what);
    else
        miss(self, entry, &spec);
}

void mount_plan_fstab(struct mount_plan *self, volume_table *all, const struct content *root,
                      int directory)
{
    struct fstab_plan plan = {.plan = self, .all = all, .root = root};
    struct fstab table;
    AUTO_FREE char *text = NULL, *crypttab = NULL;
    ssize_t length = guest_file_read(directory, "/etc/fstab", FSTAB_SIZE_MAX, &text);
    ssize_t named = guest_file_read(directory, "/etc/crypttab", CRYPTTAB_SIZE_MAX, &crypttab);
    if (length < 0) {
        log_lines_add(&self->notes, "/etc/fstab: %s", strerror((int)-length));
        return;
    }
    if (fstab_parse(text, (size_t)length, &table) < 0)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    plan.crypttab = crypttab;
    plan.crypttab_length = named > 0 ? (size_t)named : 0;
    for (size_t i = 0; i < table.count; i++)
        take_entry(&plan, &table.entries[i]);
    plan.known = self->count;
    guess(&plan, &table);
    fstab_free(&table);
    mount_plan_sort(self);
}
