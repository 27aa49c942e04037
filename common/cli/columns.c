/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* strchrnul */
#include "columns.h"

#include "base/text.h"
#include "json-lines.h"

#include <glib.h>
#include <string.h>
#include <strings.h>

const struct column *columns_find(const struct column *table, size_t count, const char *name,
                                  size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strncasecmp(table[i].name, name, length) == 0 && table[i].name[length] == '\0')
            return &table[i];
    return NULL;
}

static int unknown(const struct column *table, size_t count, const char *name, size_t length,
                   error **err)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (size_t i = 0; i < count; i++)
        g_string_append_printf(known, "%s%s", i ? "," : "", table[i].name);
    return error_set(err, ERROR_USAGE, "unknown column \"%.*s\"; there are %s", (int)length, name,
                     known->str);
}

int columns_choose(const struct column *table, size_t count, const char *list,
                   struct column_choice *choice, error **err)
{
    const char *name = list;

    choice->count = 0;
    for (;;) {
        size_t length = (size_t)(strchrnul(name, ',') - name);
        const struct column *column = columns_find(table, count, name, length);
        if (!column)
            return unknown(table, count, name, length, err);
        if (choice->count == COLUMNS_MAX)
            return error_set(err, ERROR_USAGE, "more than %d columns", COLUMNS_MAX);
        choice->columns[choice->count++] = column;
        if (name[length] == '\0')
            return 0;
        name += length + 1;
    }
}

void columns_choose_all(const struct column *table, size_t count, struct column_choice *choice)
{
    choice->count = 0;
    while (choice->count < count && choice->count < COLUMNS_MAX) {
        choice->columns[choice->count] = &table[choice->count];
        choice->count++;
    }
}

bool columns_have(const struct column_choice *choice, unsigned flags)
{
    for (size_t i = 0; i < choice->count; i++)
        if (choice->columns[i]->flags & flags)
            return true;
    return false;
}

char *columns_cell(const struct column *column, const void *row, const void *style, size_t *length)
{
    char *cell = NULL;
    FILE *to = open_memstream(&cell, length);

    if (!to)
        return NULL;
    column->get(row, style, to);
    if (fclose(to) != 0) {
        free(cell);
        return NULL;
    }
    return cell;
}

void columns_csv_heading(const struct column_choice *choice, FILE *to)
{
    for (size_t i = 0; i < choice->count; i++)
        fprintf(to, "%s%s", i ? "," : "", choice->columns[i]->name);
    fputc('\n', to);
}

int columns_csv_row(const struct column_choice *choice, const void *row, const void *style,
                    FILE *to)
{
    for (size_t i = 0; i < choice->count; i++) {
        size_t length = 0;
        AUTO_FREE char *cell = columns_cell(choice->columns[i], row, style, &length);
        /* No byte of a CSV cell that we write is NUL but where an image has one in a label; there
         * the cell ends, as it would for its reader. */
        if (!cell)
            return -1;
        if (i > 0)
            fputc(',', to);
        text_put_csv(cell, strlen(cell), TEXT_CSV, to);
    }
    fputc('\n', to);
    return 0;
}

static json_t *number(const char *cell)
{
    return strchr(cell, '.') ? json_real(strtod(cell, NULL))
                             : json_lines_unsigned(strtoull(cell, NULL, 10));
}

static int set_json(const struct column *column, const void *row, const void *style, json_t *object)
{
    size_t length = 0;
    AUTO_FREE char *cell = columns_cell(column, row, style, &length);

    if (!cell)
        return -1;
    if (length > 0 && column->flags & COLUMN_RIGHT)
        return json_lines_set(object, column->json, number(cell));
    if (length > 0 && column->flags & COLUMN_BOOLEAN)
        return json_lines_set(object, column->json, json_boolean(strcmp(cell, "yes") == 0));
    return json_lines_set_bytes(object, column->json, cell, length);
}

int columns_set_json(const struct column *table, size_t count, unsigned flags, const void *row,
                     const void *style, json_t *object)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].json && table[i].flags & flags && set_json(&table[i], row, style, object) < 0)
            return -1;
    return 0;
}

void columns_print_help(const struct column *table, size_t count, FILE *to)
{
    for (size_t i = 0; i < count; i++)
        fprintf(to, "  %-12s%s\n", table[i].name, table[i].help);
}
