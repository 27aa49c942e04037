/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "writer.h"

struct csv_writer {
    writer base;
    struct style style;
    bool heading;
    struct column_choice choice;
};

static int csv_heading(writer *base, FILE *to)
{
    struct csv_writer *self = (struct csv_writer *)base;

    if (self->heading)
        columns_csv_heading(&self->choice, to);
    return 0;
}

static int csv_row(writer *base, const struct row *row, FILE *to)
{
    struct csv_writer *self = (struct csv_writer *)base;

    return columns_csv_row(&self->choice, row, &self->style, to);
}

static int csv_end(writer *base, const struct totals *totals, FILE *to)
{
    if (!totals)
        return 0;
    struct row row = row_of_totals(totals);
    return csv_row(base, &row, to);
}

static void csv_free(writer *base)
{
    free(base);
}

static const struct writer_ops csv_ops = {
    .heading = csv_heading, .row = csv_row, .end = csv_end, .free = csv_free};

writer *writer_csv_new(const struct style *style, const struct column_choice *choice, bool heading)
{
    struct csv_writer *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base.ops = &csv_ops;
    self->style = *style;
    self->style.decimal = true;
    self->heading = heading;
    if (choice)
        self->choice = *choice;
    else
        df_classic_csv(style, &self->choice);
    if (columns_have(&self->choice, COLUMN_REASON))
        self->base.wants = WANTS_REASONS;
    return &self->base;
}
