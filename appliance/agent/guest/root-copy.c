/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "root-copy.h"
#include "agent/mount/mount-options.h"
#include "mount-plan.h"
#include <string.h>

/* Whether the options name a subvolume, and not this one. */
static bool names_another(const struct fstab_entry *entry, const char *subvolume)
{
    char value[1024];
    if (!*subvolume || !mount_options_value(entry->options, "subvol", value, sizeof value))
        return false;
    return strcmp(value + strspn(value, "/"), subvolume + strspn(subvolume, "/")) != 0;
}

bool root_copy_is(volume_table *all, const struct content *what, const char *subvolume,
                  const struct fstab *table, const char *crypttab, size_t length)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct fstab_entry *entry = &table->entries[i];
        if (entry->problem || fstab_passed_over(entry) || *entry->where != '/' ||
            mount_plan_depth(entry->where) > 0)
            continue;
        const struct content *root = crypttab_resolve(all, crypttab, length, entry->device);
        return root && (root != what || names_another(entry, subvolume));
    }
    return false;
}
