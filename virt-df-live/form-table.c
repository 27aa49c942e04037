/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The classic table, with virt-df's fixed widths, so that rows stream. And the one that is laid out
 * at its end, for -o. */
#include "base/text.h"
#include "cli/text-table.h"
#include "form.h"

#define NAME_WIDTH 36
static const int figure_widths[] = {10, 10, 10, 5};

struct table_form {
    form base;
    const struct style *style;
    bool heading;
    struct column_choice choice;
};

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

static int table_heading(form *base, FILE *to)
{
    struct table_form *self = (struct table_form *)base;

    if (!self->heading)
        return 0;
    put_name(self->choice.columns[0]->name, to);
    for (size_t i = 1; i < self->choice.count; i++)
        put_figure(i - 1, self->choice.columns[i]->name, to);
    fputc('\n', to);
    return 0;
}

static int table_row(form *base, const struct row *row, FILE *to)
{
    struct table_form *self = (struct table_form *)base;

    for (size_t i = 0; i < self->choice.count; i++) {
        size_t length = 0;
        AUTO_FREE char *cell = columns_cell(self->choice.columns[i], row, self->style, &length);
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

static void table_free(form *base)
{
    free(base);
}

static const struct form_ops table_ops = {
    .heading = table_heading, .row = table_row, .free = table_free};

form *form_table_new(const struct style *style, bool heading)
{
    struct table_form *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base = (form){.ops = &table_ops, .wants = FORM_WANTS_FIGURES};
    self->style = style;
    self->heading = heading;
    df_columns_classic_table(style, &self->choice);
    return &self->base;
}

/* ---- -o ---- */

struct layout_form {
    form base;
    const struct style *style;
    text_table *table;
};

static int layout_row(form *base, const struct row *row, FILE *to)
{
    struct layout_form *self = (struct layout_form *)base;

    (void)to;
    return text_table_add(self->table, row, self->style);
}

static int layout_end(form *base, FILE *to)
{
    return text_table_print(((struct layout_form *)base)->table, to);
}

static void layout_free(form *base)
{
    struct layout_form *self = (struct layout_form *)base;

    text_table_free(self->table);
    free(self);
}

static const struct form_ops layout_ops = {
    .row = layout_row, .end = layout_end, .free = layout_free};

form *form_layout_new(const struct style *style, const struct column_choice *choice, bool heading,
                      bool terminal)
{
    struct layout_form *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base = (form){.ops = &layout_ops,
                        .wants = columns_have(choice, COLUMN_REASON) ? FORM_WANTS_REASONS
                                                                     : FORM_WANTS_FIGURES};
    self->style = style;
    self->table = text_table_new(choice, heading, terminal);
    if (!self->table) {
        layout_free(&self->base);
        return NULL;
    }
    return &self->base;
}
