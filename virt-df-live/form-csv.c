/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "form.h"

struct csv_form {
    form base;
    struct style style;
    bool heading;
    struct column_choice choice;
};

static int csv_heading(form *base, FILE *to)
{
    struct csv_form *self = (struct csv_form *)base;

    if (self->heading)
        columns_csv_heading(&self->choice, to);
    return 0;
}

static int csv_row(form *base, const struct row *row, FILE *to)
{
    struct csv_form *self = (struct csv_form *)base;

    return columns_csv_row(&self->choice, row, &self->style, to);
}

static void csv_free(form *base)
{
    free(base);
}

static const struct form_ops csv_ops = {.heading = csv_heading, .row = csv_row, .free = csv_free};

form *form_csv_new(const struct style *style, const struct column_choice *choice, bool heading)
{
    struct csv_form *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base.ops = &csv_ops;
    self->style = *style;
    self->style.decimal = true;
    self->heading = heading;
    if (choice)
        self->choice = *choice;
    else
        df_columns_classic_csv(style, &self->choice);
    if (columns_have(&self->choice, COLUMN_REASON))
        self->base.wants = FORM_WANTS_REASONS;
    return &self->base;
}
