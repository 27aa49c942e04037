/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-plan.h"
#include "base/cleanup.h"
#include <string.h>

unsigned mount_plan_depth(const char *where)
{
    unsigned depth = 0;
    for (const char *p = where + strspn(where, "/"); *p; p += strspn(p, "/")) {
        depth++;
        p += strcspn(p, "/");
    }
    return depth;
}

/* An appliance without memory is of no use; the host sees it end. */
static void *checked(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void mount_plan_add(struct mount_plan *self, const struct mount_plan_item *item)
{
    self->items = checked(reallocarray(self->items, self->count + 1, sizeof *self->items));
    struct mount_plan_item *copy = &self->items[self->count++];
    *copy = *item;
    copy->where = checked(strdup(item->where));
    copy->options = checked(strdup(item->options));
}

void mount_plan_add_gap(struct mount_plan *self, const char *where, const char *why)
{
    self->gaps = checked(reallocarray(self->gaps, self->gap_count + 1, sizeof *self->gaps));
    self->gaps[self->gap_count++] =
        (struct mount_plan_gap){checked(strdup(where)), checked(strdup(why))};
}

void mount_plan_sort(struct mount_plan *self)
{
    for (size_t i = 1; i < self->count; i++) {
        struct mount_plan_item item = self->items[i];
        size_t at = i;
        for (; at > 0 && mount_plan_depth(self->items[at - 1].where) > mount_plan_depth(item.where);
             at--)
            self->items[at] = self->items[at - 1];
        self->items[at] = item;
    }
}

void mount_plan_clear(struct mount_plan *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->items[i].where);
        free(self->items[i].options);
    }
    for (size_t i = 0; i < self->gap_count; i++) {
        free(self->gaps[i].where);
        free(self->gaps[i].why);
    }
    free(self->items);
    free(self->gaps);
    log_lines_clear(&self->notes);
    memset(self, 0, sizeof *self);
}
