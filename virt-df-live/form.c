/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "form.h"

static int silent_row(form *self, const struct row *row, FILE *to)
{
    (void)self;
    (void)row;
    (void)to;
    return 0;
}

/* --check counts rows, and prints a line of its own. */
static const struct form_ops silent_ops = {.row = silent_row};

static form *form_of_options(const struct df_options *options, bool terminal)
{
    const struct style *style = &options->style;
    bool heading = !options->noheadings;

    if (options->checking)
        return form_make(&silent_ops, style, NULL, false);
    if (options->json)
        return form_json_new();
    if (options->csv)
        return form_csv_new(style, options->chosen ? &options->choice : NULL, heading);
    if (options->chosen)
        return form_layout_new(style, &options->choice, heading, terminal);
    return form_table_new(style, heading);
}

form *form_new(const struct df_options *options, bool terminal)
{
    form *self = form_of_options(options, terminal);

    return options->order.column ? form_sorted_new(&options->order, self) : self;
}

form *form_make(const struct form_ops *ops, const struct style *style,
                const struct column_choice *choice, bool heading)
{
    form *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->ops = ops;
    self->heading = heading;
    if (style)
        self->style = *style;
    if (choice)
        self->choice = *choice;
    if (columns_have(&self->choice, COLUMN_REASON))
        self->wants = FORM_WANTS_REASONS;
    return self;
}

void form_free(form *self)
{
    if (!self)
        return;
    if (self->ops->clear)
        self->ops->clear(self);
    text_table_free(self->table);
    free(self);
}

int form_total(form *self, const struct totals *totals, FILE *to)
{
    if (self->ops->total)
        return self->ops->total(self, totals, to);
    struct row row = row_of_totals(totals);
    return self->ops->row(self, &row, to);
}
