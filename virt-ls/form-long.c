/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -l: as `ls -la` of GNU coreutils prints a directory where no owner has a name. Columns are as
 * wide as the widest cell of the directory, so that is looked through first. */
#include "form.h"

#include <inttypes.h>
#include <sys/stat.h>

struct widths {
    int links, uid, gid, size, major, minor;
};

struct long_form {
    form base;
    struct widths widths;
};

static void widen(int *width, uint64_t number)
{
    int digits = snprintf(NULL, 0, "%" PRIu64, number);

    if (digits > *width)
        *width = digits;
}

static bool is_device(const listing_entry *entry)
{
    return S_ISCHR(entry->mode) || S_ISBLK(entry->mode);
}

static void measure(struct widths *widths, const listing_entry *entry)
{
    widen(&widths->links, entry->links);
    widen(&widths->uid, entry->uid);
    widen(&widths->gid, entry->gid);
    if (!is_device(entry)) {
        widen(&widths->size, entry->size);
        return;
    }
    widen(&widths->major, entry->rdev_major);
    widen(&widths->minor, entry->rdev_minor);
    if (widths->major + 2 + widths->minor > widths->size)
        widths->size = widths->major + 2 + widths->minor;
}

static void add(uint64_t *sum, uint64_t more)
{
    if (__builtin_add_overflow(*sum, more, sum))
        *sum = UINT64_MAX;
}

static int long_directory(form *base, const struct listed_directory *place,
                          struct listing_reader *ahead, FILE *to, error **err)
{
    struct long_form *self = (struct long_form *)base;
    uint64_t blocks = 0, files = 0;
    bool inside = true;
    listing_item item;
    int got;

    (void)place;
    self->widths = (struct widths){0};
    while (inside && (got = listing_next(ahead, &item, err)) > 0) {
        inside = item.kind != LISTING_DIRECTORY;
        if (item.kind == LISTING_ENTRY) {
            files++;
            add(&blocks, item.listing_item_u.entry.blocks);
            measure(&self->widths, &item.listing_item_u.entry);
        }
        listing_item_clear(&item);
    }
    if (inside && got < 0)
        return -1;
    if (files > 0) { /* what could not be read has no sum */
        fprintf(to, "total %" PRIu64, blocks / 2 + blocks % 2);
        form_end_line(base, to);
    }
    return 0;
}

static void put_size(const struct widths *widths, const listing_entry *entry, FILE *to)
{
    if (!is_device(entry)) {
        fprintf(to, "%*" PRIu64, widths->size, entry->size);
        return;
    }
    int blanks = widths->size - (widths->major + 2 + widths->minor);
    fprintf(to, "%*u, %*u", widths->major + blanks, entry->rdev_major, widths->minor,
            entry->rdev_minor);
}

static int long_entry(form *base, const struct listed_directory *place, const listing_entry *entry,
                      FILE *to)
{
    const struct long_form *self = (const struct long_form *)base;
    const struct widths *widths = &self->widths;
    char mode[CELL_MODE_MAX], date[CELL_DATE_MAX];

    fprintf(to, "%s %*u %*u %*u ", cell_mode(entry->mode, mode), widths->links, entry->links,
            widths->uid, entry->uid, widths->gid, entry->gid);
    put_size(widths, entry, to);
    fprintf(to, " %s ", cell_ls_date(entry->modified.seconds, base->style->now, date));
    if (form_put_name(base, place, entry->path.path_val, entry->path.path_len, to) < 0)
        return -1;
    if (entry->target.target_len > 0) {
        fputs(" -> ", to);
        if (form_put(base, entry->target.target_val, entry->target.target_len, to) < 0)
            return -1;
    }
    form_end_line(base, to);
    return 0;
}

static const struct form_ops long_ops = {.directory = long_directory, .entry = long_entry};

form *form_long_new(void)
{
    struct long_form *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base.ops = &long_ops;
    return &self->base;
}
