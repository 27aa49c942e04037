/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The classic table, with virt-df's fixed widths, so that rows stream. And the one that is laid out
 * at its end, for -o. */
#include "base/text.h"
#include "form.h"

#define NAME_WIDTH 36
static const int figure_widths[] = {10, 10, 10, 5};

/* Characters of UTF-8 text, which text_escape() guarantees: every byte but continuations. */
static int text_width(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void put_name(const char *name, FILE *to)
{
    int width = text_width(name);

    fputs(name, to);
    if (width > NAME_WIDTH) {
        fputc('\n', to);
        width = 0;
    }
    fprintf(to, "%*s", NAME_WIDTH - width, "");
}

static void put_figure(size_t index, const char *cell, FILE *to)
{
    fprintf(to, "%s%*s", index ? " " : "", figure_widths[index], cell);
}

static int table_heading(form *self, FILE *to)
{
    if (!self->heading)
        return 0;
    put_name(self->choice.columns[0]->name, to);
    for (size_t i = 1; i < self->choice.count; i++)
        put_figure(i - 1, self->choice.columns[i]->name, to);
    fputc('\n', to);
    return 0;
}

static int table_row(form *self, const struct row *row, FILE *to)
{
    for (size_t i = 0; i < self->choice.count; i++) {
        size_t length = 0;
        AUTO_FREE char *cell = columns_cell(self->choice.columns[i], row, &self->style, &length);
        AUTO_FREE char *text = cell ? text_escape(cell, length) : NULL;
        if (!text)
            return -1;
        if (i == 0)
            put_name(text, to);
        else
            put_figure(i - 1, text, to);
    }
    fputc('\n', to);
    return 0;
}

static const struct form_ops table_ops = {.heading = table_heading, .row = table_row};

form *form_table_new(const struct style *style, bool heading)
{
    form *self = form_make(&table_ops, style, NULL, heading);

    if (self)
        df_columns_classic_table(style, &self->choice);
    return self;
}

/* ---- -o ---- */

static int layout_row(form *self, const struct row *row, FILE *to)
{
    (void)to;
    return text_table_add(self->table, row, &self->style);
}

static int layout_end(form *self, FILE *to)
{
    return text_table_print(self->table, to);
}

static const struct form_ops layout_ops = {.row = layout_row, .end = layout_end};

form *form_layout_new(const struct style *style, const struct column_choice *choice, bool heading,
                      bool terminal)
{
    form *self = form_make(&layout_ops, style, choice, heading);

    if (!self)
        return NULL;
    self->table = text_table_new(&self->choice, heading, terminal);
    if (self->table)
        return self;
    form_free(self);
    return NULL;
}
