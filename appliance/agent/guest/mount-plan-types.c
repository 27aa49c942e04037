/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-plan.h"
#include "partition-places.h"
#include <string.h>

static bool same_path(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, "/");
        b += strspn(b, "/");
        size_t length = strcspn(a, "/");
        if (length != strcspn(b, "/") || memcmp(a, b, length) != 0)
            return false;
        if (length == 0)
            return true;
        a += length;
        b += length;
    }
}

/* Whether fstab has something for the directory, or mounts the filesystem somewhere. */
static bool is_planned(const struct mount_plan *self, const struct content *what, const char *where)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].what == what || same_path(self->items[i].where, where))
            return true;
    for (size_t i = 0; i < self->gap_count; i++)
        if (same_path(self->gaps[i].where, where))
            return true;
    return false;
}

void mount_plan_types(struct mount_plan *self, volume_table *all, const struct content *root,
                      int directory)
{
    char none[] = "";
    const unsigned free_places = partition_places_free(directory);
    for (size_t i = 0; i < partition_places_count; i++) {
        const struct partition_place *place = &partition_places[i];
        struct content *what = partition_places_find(all, place);
        const char *where = partition_places_where(place, free_places);
        if (!what || what == root || mount_plan_depth(where) == 0 ||
            is_planned(self, what, where) || !(free_places & partition_places_bit(where)))
            continue;
        log_lines_add(&self->notes, "%s at %s: by the type of its partition", what->name, where);
        mount_plan_add(self, &(struct mount_plan_item){
                                 .what = what, .where = (char *)(uintptr_t)where, .options = none});
    }
    mount_plan_sort(self);
}
