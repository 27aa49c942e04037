/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "form.h"

#include "base/text.h"
#include <string.h>

form *form_new(const struct ls_style *style)
{
    form *self = NULL;

    switch (style->form) {
    case FORM_NAMES:
        self = form_names_new();
        break;
    case FORM_LONG:
        self = form_long_new();
        break;
    case FORM_TREE:
        self = form_tree_new();
        break;
    case FORM_JSON:
        self = form_json_new();
        break;
    }
    if (self)
        self->style = style;
    return self;
}

int form_put(const form *self, const void *bytes, size_t length, FILE *to)
{
    if (!self->style->escape) {
        fwrite(bytes, 1, length, to);
        return 0;
    }
    AUTO_FREE char *text = text_escape(bytes, length);
    if (!text)
        return -1;
    fputs(text, to);
    return 0;
}

int form_put_name(const form *self, const struct listed_directory *place, const void *name,
                  size_t length, FILE *to)
{
    if (self->style->many) {
        if (form_put(self, place->guest->name, strlen(place->guest->name), to) < 0)
            return -1;
        fputc(':', to);
    }
    return form_put(self, name, length, to);
}

void form_end_line(const form *self, FILE *to)
{
    fputc(self->style->null ? 0 : '\n', to);
}

/* --- names --- */

static int names_entry(form *self, const struct listed_directory *place, const listing_entry *entry,
                       FILE *to)
{
    if (form_put_name(self, place, entry->path.path_val, entry->path.path_len, to) < 0)
        return -1;
    form_end_line(self, to);
    return 0;
}

static const struct form_ops names_ops = {.entry = names_entry};

form *form_names_new(void)
{
    form *self = calloc(1, sizeof *self);

    if (self)
        self->ops = &names_ops;
    return self;
}
