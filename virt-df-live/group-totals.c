/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where there is no memory, GLib ends the process. */
#include "group-totals.h"

#include "base/text-format.h"

#include <glib.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

struct group_totals {
    enum total_by by;
    GHashTable *groups; /* its name: struct totals */
};

static void totals_free(void *data)
{
    struct totals *totals = data;

    free((char *)(uintptr_t)totals->group);
    free(totals);
}

group_totals *group_totals_new(enum total_by by)
{
    group_totals *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->by = by;
    self->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, totals_free);
    return self;
}

void group_totals_free(group_totals *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->groups);
    free(self);
}

/* "USER:GROUP", as ls -l has them; numbers where there is no name. The last answer is kept: names
 * may come over a network, and most lists have few owners. */
static char *name_of_owner(uid_t uid, gid_t gid)
{
    static struct {
        bool known;
        uid_t uid;
        gid_t gid;
        char *name;
    } last;

    if (!last.known || last.uid != uid || last.gid != gid) {
        const struct passwd *user = getpwuid(uid);
        AUTO_FREE char *name = user ? strdup(user->pw_name) : text_format("%u", (unsigned)uid);
        const struct group *group = getgrgid(gid);
        free(last.name);
        last.name = !name   ? NULL
                    : group ? text_format("%s:%s", name, group->gr_name)
                            : text_format("%s:%u", name, (unsigned)gid);
        last.uid = uid;
        last.gid = gid;
        last.known = last.name != NULL;
    }
    return last.name ? strdup(last.name) : NULL;
}

/* New memory, or NULL: no memory. */
static char *name_of_group(const group_totals *self, const struct guest_answer *answered)
{
    if (self->by == TOTAL_OWNER)
        return answered->owned ? name_of_owner(answered->uid, answered->gid)
                               : strdup("(unknown or several owners)");
    if (!answered->directory)
        return strdup("(unknown or several directories)");
    return strdup(*answered->directory ? answered->directory : "./");
}

/* NULL: no memory. */
static struct totals *find(group_totals *self, const struct guest_answer *answered)
{
    AUTO_FREE char *name = name_of_group(self, answered);
    struct totals *totals = name ? g_hash_table_lookup(self->groups, name) : NULL;

    if (totals || !name)
        return totals;
    if (g_hash_table_size(self->groups) >= GROUP_TOTALS_MAX && strcmp(name, "(others)") != 0) {
        free(name);
        name = strdup("(others)");
        totals = name ? g_hash_table_lookup(self->groups, name) : NULL;
    }
    if (totals || !name || !(totals = calloc(1, sizeof *totals)))
        return totals;
    totals->by = self->by;
    totals->group = STEAL(name);
    g_hash_table_insert(self->groups, (void *)(uintptr_t)totals->group, totals);
    return totals;
}

int group_totals_add(group_totals *self, const struct guest_answer *answered,
                     const struct totals *sum)
{
    struct totals *totals = find(self, answered);

    if (!totals)
        return -1;
    totals->guests++;
    totals->filesystems += sum->filesystems;
    row_figures_add(&totals->figures, &sum->figures);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

int group_totals_write(group_totals *self, form *to, FILE *stream)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(self->groups), compare);

    for (GList *at = names; at; at = at->next)
        if (form_total(to, g_hash_table_lookup(self->groups, at->data), stream) < 0)
            return -1;
    return 0;
}
