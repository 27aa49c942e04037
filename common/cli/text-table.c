/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text-table.h"

#include "base/text.h"

#include <libsmartcols.h>
#include <string.h>

struct text_table {
    const struct column_choice *choice;
    struct libscols_table *table;
};

static int add_columns(const text_table *self)
{
    for (size_t i = 0; i < self->choice->count; i++) {
        const struct column *column = self->choice->columns[i];
        int flags = (column->flags & COLUMN_RIGHT ? SCOLS_FL_RIGHT : 0) |
                    (column->flags & COLUMN_TRUNCATE ? SCOLS_FL_TRUNC : 0);
        if (!scols_table_new_column(self->table, column->name, 0, flags))
            return -1;
    }
    return 0;
}

text_table *text_table_new(const struct column_choice *choice, bool headings, bool terminal)
{
    text_table *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->choice = choice;
    self->table = scols_new_table();
    if (!self->table || add_columns(self) < 0) {
        text_table_free(self);
        return NULL;
    }
    scols_table_enable_noheadings(self->table, !headings);
    scols_table_enable_noencoding(self->table, 1); /* text_escape() has done it */
    scols_table_set_termforce(self->table,
                              terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    return self;
}

void text_table_free(text_table *self)
{
    if (!self)
        return;
    scols_unref_table(self->table);
    free(self);
}

int text_table_add(text_table *self, const void *row, const void *style)
{
    struct libscols_line *line = scols_table_new_line(self->table, NULL);

    if (!line)
        return -1;
    for (size_t i = 0; i < self->choice->count; i++) {
        size_t length = 0;
        AUTO_FREE char *cell = columns_cell(self->choice->columns[i], row, style, &length);
        char *text = cell ? text_escape(cell, length) : NULL;
        if (!text || scols_line_refer_data(line, i, text) < 0) {
            free(text);
            return -1;
        }
    }
    return 0;
}

int text_table_print(text_table *self, FILE *to)
{
    AUTO_FREE char *text = NULL;

    if (scols_print_table_to_string(self->table, &text) < 0)
        return -1;
    if (text && *text)
        fprintf(to, "%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
    return 0;
}
