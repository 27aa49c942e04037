/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "logical-volumes.h"

#include "linear-volumes.h"
#include "lvm.h"
#include <string.h>

/* Physical volumes. */
struct members {
    size_t count;
    size_t index[MAX_VOLUMES];      /* among the contents */
    const char *nodes[MAX_VOLUMES]; /* their own, or of their views */
    dev_t numbers[MAX_VOLUMES];
    enum lvm_member is[MAX_VOLUMES];
};

/* Where logical volumes go, and what was there before. */
struct hoard {
    volume_table *all;
    size_t before;
};

/* Two groups may have the same name: a volume whose name another has that was found now is another
 * one. */
static void add_logical(void *owner, const struct lvm_volume *found)
{
    const struct hoard *hoard = owner;
    struct content *what;
    if (volume_table_named(hoard->all, VOLUME_LOGICAL, found->name, hoard->before))
        return; /* it was found the last time */
    what = volume_table_add(hoard->all, VOLUME_LOGICAL, found->name, found->node, found->number);
    if (what && !found->number)
        volume_table_say(what, found->damaged ? STATUS_CORRUPT : STATUS_UNSUPPORTED, "%s",
                         found->why);
}

/* LVM would take one of them, and leave the other out without a word. */
static const struct content *find_copied(const volume_table *all, size_t index)
{
    const struct content *what = volume_table_at(all, index);
    for (size_t i = 0; i < index; i++) {
        const struct content *other = volume_table_at(all, i);
        if (other->kind == CONTENT_MEMBER && strcmp(other->fstype, what->fstype) == 0 &&
            *what->uuid && strcmp(other->uuid, what->uuid) == 0)
            return other;
    }
    return NULL;
}

/* The physical volumes; whether there is one that has not been tried. */
static bool gather_members(volume_table *all, struct members *found)
{
    bool fresh = false;
    found->count = 0;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        struct content *what = volume_table_at(all, i);
        if (what->kind != CONTENT_MEMBER || strcmp(what->fstype, "LVM2_member") != 0)
            continue;
        const struct content *copied = find_copied(all, i);
        if (copied) {
            volume_table_say(what, STATUS_UNSUPPORTED,
                             "LVM: a copy of %s (both have the same UUID), which is read instead",
                             copied->name);
            continue;
        }
        fresh = fresh || !what->tried;
        what->tried = true;
        found->index[found->count] = i;
        found->numbers[found->count] = what->number;
        found->nodes[found->count++] = what->node;
    }
    return fresh && found->count > 0;
}

/* LVM writes to its physical volumes, so it gets views of them. */
static void make_views(volume_stack *self, volume_table *all, struct members *found)
{
    size_t made = 0;
    for (size_t i = 0; i < found->count; i++) {
        const char *view = volume_stack_member_view(self, volume_table_at(all, found->index[i]));
        if (!view)
            continue;
        found->index[made] = found->index[i];
        found->numbers[made] = found->numbers[i];
        found->nodes[made++] = view;
    }
    found->count = made;
}

static void settle_member(struct content *what, enum lvm_member is, const char *why)
{
    switch (is) {
    case LVM_MEMBER_USED:
        volume_table_say(what, STATUS_OK, "%s", "");
        break;
    case LVM_MEMBER_ORPHAN:
        volume_table_say(what, STATUS_OK, "LVM: it belongs to no volume group");
        break;
    case LVM_MEMBER_ELSEWHERE:
        volume_table_say(what, STATUS_UNSUPPORTED,
                         "LVM: its volume group is described on other disks of the guest, which "
                         "are not among those given");
        break;
    case LVM_MEMBER_DAMAGED:
        volume_table_say(what, STATUS_CORRUPT, "LVM: its volume group cannot be read%s%s",
                         *why ? ": " : "", why);
    }
}

/* ---- the two ways ---- */

/* Volumes of an earlier round keep their devices. */
static bool map_volumes(volume_stack *self, volume_table *all, const struct members *found,
                        const struct linear_volumes *linear)
{
    static struct lvm_volume mapped[LINEAR_VOLUMES_MAX];
    struct hoard hoard = {all, volume_table_count(all)};
    size_t count = 0;
    for (size_t i = 0; i < linear->volumes; i++) {
        struct lvm_volume *volume = &mapped[count];
        const char *name = linear->volume[i].name;
        if (volume_table_named(all, VOLUME_LOGICAL, name, hoard.before))
            continue;
        *volume = (struct lvm_volume){.plain = true};
        snprintf(volume->name, sizeof volume->name, "%s", name);
        unsigned number = volume_stack_next_linear(self);
        if (number >= LINEAR_VOLUMES_KEPT)
            volume_stack_note(self);
        if (linear_volumes_map(linear, i, number, found->numbers, volume->node, &volume->number) <
            0)
            return false; /* LVM says what is wrong */
        count++;
    }
    for (size_t i = 0; i < count; i++)
        add_logical(&hoard, &mapped[i]);
    return true;
}

/* Whether all groups have nothing but linear volumes, which are there now. */
static bool activate_linear(volume_stack *self, volume_table *all, const struct members *found)
{
    static struct linear_volumes linear;
    if (!linear_volumes_read(&linear, found->nodes, found->count) ||
        !map_volumes(self, all, found, &linear))
        return false;
    for (size_t i = 0; i < found->count; i++)
        settle_member(volume_table_at(all, found->index[i]), LVM_MEMBER_USED, "");
    return true;
}

static void activate_by_lvm(volume_stack *self, volume_table *all, struct members *found)
{
    char why[VOLUME_MESSAGE_MAX - 64];
    make_views(self, all, found);
    if (found->count == 0)
        return;
    struct hoard hoard = {all, volume_table_count(all)};
    int result =
        lvm_activate(found->nodes, found->is, found->count, add_logical, &hoard, why, sizeof why);
    for (size_t i = 0; i < found->count; i++) {
        struct content *what = volume_table_at(all, found->index[i]);
        if (result < 0)
            volume_table_say(what, STATUS_UNSUPPORTED, "LVM: %s", why);
        else
            settle_member(what, found->is[i], why);
    }
}

void logical_volumes_activate(volume_stack *self, volume_table *all)
{
    static struct members found; /* too large for the stack */
    if (gather_members(all, &found) && !activate_linear(self, all, &found))
        activate_by_lvm(self, all, &found);
}
