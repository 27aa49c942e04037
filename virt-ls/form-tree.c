/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -lR: virt-ls's own form, and its CSV. */
#include "form.h"

#include "base/text.h"
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* virt-ls quotes a space, too. */
#define CSV_QUOTED " " TEXT_CSV

static void put_time(const struct ls_style *style, const listing_time *when, FILE *to)
{
    char date[CELL_DATE_MAX];

    switch (style->time) {
    case TIME_DATE:
        fputs(cell_date(when->seconds, date), to);
        break;
    case TIME_T:
        fprintf(to, "%10" PRId64, (int64_t)when->seconds);
        break;
    case TIME_RELATIVE:
        fprintf(to, "%8" PRId64, cell_age(style->now, when->seconds));
        break;
    case TIME_DAYS:
        fprintf(to, "%3" PRId64, cell_age(style->now, when->seconds) / 86400);
        break;
    }
}

static void put_figures(const struct ls_style *style, const listing_entry *entry, FILE *to)
{
    char between = style->csv ? ',' : ' ';
    char size[TEXT_SIZE_MAX];

    fprintf(to, "%c%c%04o%c", cell_type(entry->mode), between, entry->mode & 07777, between);
    if (style->human)
        fprintf(to, "%10s", text_human_size(entry->size, TEXT_NEAREST, size));
    else
        fprintf(to, "%*" PRIu64, style->csv ? 0 : 10, entry->size);
    if (style->uids)
        fprintf(to, "%c%4u%c%4u", between, entry->uid, between, entry->gid);
    const listing_time *times[] = {&entry->accessed, &entry->modified, &entry->changed};
    for (size_t i = 0; style->times && i < 3; i++) {
        fputc(between, to);
        put_time(style, times[i], to);
    }
    if (style->extra)
        fprintf(to, "%c%u:%u%c%" PRIu64 "%c%u%c%u:%u%c%" PRIu64, between, major(entry->dev),
                minor(entry->dev), between, entry->ino, between, entry->links, between,
                entry->rdev_major, entry->rdev_minor, between, entry->blocks);
    if (style->checksum != LS_NO_CHECKSUM && (style->csv || S_ISREG(entry->mode))) {
        char digest[CELL_DIGEST_MAX];
        fprintf(to, "%c%s", between, cell_digest(style->checksum, entry, digest));
    }
    fputc(between, to);
}

/* Bytes as text or as a cell of CSV. */
static int put_bytes(const form *self, const char *bytes, size_t length, FILE *to)
{
    AUTO_FREE char *escaped = NULL;

    if (!self->style->csv)
        return form_put(self, bytes, length, to);
    if (self->style->escape) {
        escaped = text_escape(bytes, length);
        if (!escaped)
            return -1;
        bytes = escaped;
        length = strlen(escaped);
    }
    text_put_csv(bytes, length, CSV_QUOTED, to);
    return 0;
}

static int put_path(const form *self, const struct listed_directory *place,
                    const listing_entry *entry, FILE *to)
{
    size_t length = 0;
    AUTO_FREE char *path =
        cell_path(self->style->many ? place->guest->name : NULL, place->directory,
                  entry->path.path_val, entry->path.path_len, &length);

    return path ? put_bytes(self, path, length, to) : -1;
}

static int tree_entry(form *self, const struct listed_directory *place, const listing_entry *entry,
                      FILE *to)
{
    put_figures(self->style, entry, to);
    if (put_path(self, place, entry, to) < 0)
        return -1;
    if (entry->target.target_len > 0) {
        fputs(self->style->csv ? "," : " -> ", to);
        if (put_bytes(self, entry->target.target_val, entry->target.target_len, to) < 0)
            return -1;
    }
    form_end_line(self, to);
    return 0;
}

static const struct form_ops tree_ops = {.entry = tree_entry};

form *form_tree_new(void)
{
    form *self = calloc(1, sizeof *self);

    if (self)
        self->ops = &tree_ops;
    return self;
}
