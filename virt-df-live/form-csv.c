/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "form.h"

static int csv_heading(form *self, FILE *to)
{
    if (self->heading)
        columns_csv_heading(&self->choice, to);
    return 0;
}

static int csv_row(form *self, const struct row *row, FILE *to)
{
    return columns_csv_row(&self->choice, row, &self->style, to);
}

static const struct form_ops csv_ops = {.heading = csv_heading, .row = csv_row};

form *form_csv_new(const struct style *style, const struct column_choice *choice, bool heading)
{
    form *self = form_make(&csv_ops, style, choice, heading);

    if (!self)
        return NULL;
    self->style.decimal = true;
    if (!choice)
        df_columns_classic_csv(style, &self->choice);
    return self;
}
