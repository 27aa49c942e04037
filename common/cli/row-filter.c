/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "row-filter.h"

#ifdef HAVE_SCOLS_FILTER

#include <errno.h>
#include <libsmartcols.h>
#include <string.h>

/* A table of one line, which has the columns that the expression names. */
struct row_filter {
    struct libscols_filter *filter;
    struct libscols_table *table;
    struct libscols_line *line;
    struct column_choice choice;
};

static void free_iterator(struct libscols_iter **iterator)
{
    scols_free_iter(*iterator);
}

/* As the library casts a cell when it is not said by what it is compared with. Booleans stay the
 * words that they are: it takes "yes" for true, and compares with "yes", too. */
static int type_of(const struct column *column)
{
    if (column->flags & COLUMN_DECIMAL)
        return SCOLS_JSON_FLOAT;
    return column->flags & COLUMN_RIGHT ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING;
}

/* The table's column of that name, made when it is named first. */
static struct libscols_column *column_of(row_filter *self, const struct column *column)
{
    struct libscols_column *made = scols_table_get_column_by_name(self->table, column->name);

    if (made)
        return made;
    made = scols_table_new_column(self->table, column->name, 0, 0);
    if (made && scols_column_set_json_type(made, type_of(column)) == 0) {
        self->choice.columns[self->choice.count++] = column;
        return made;
    }
    return NULL;
}

static int assign_columns(row_filter *self, const struct column *table, size_t count, error **err)
{
    CLEANUP(free_iterator) struct libscols_iter *iterator = scols_new_iter(SCOLS_ITER_FORWARD);
    const char *name;

    if (!iterator)
        return error_no_memory(err);
    while (scols_filter_next_holder(self->filter, iterator, &name, 0) == 0) {
        struct column_choice one;
        if (columns_choose(table, count, name, &one, err) < 0)
            return -1;
        struct libscols_column *column = column_of(self, one.columns[0]);
        if (!column || scols_filter_assign_column(self->filter, iterator, name, column) != 0)
            return error_no_memory(err);
    }
    return 0;
}

/* The library's scanner copies what it does not know to stdout, and goes on. Here that is caught
 * (glibc lets stdout be assigned). The result is the library's; *unknown is new memory. */
static int parse_catching(struct libscols_filter *filter, const char *expression, char **unknown)
{
    size_t length = 0;
    FILE *real = stdout, *caught = open_memstream(unknown, &length);

    if (!caught)
        return -ENOMEM;
    stdout = caught;
    int result = scols_filter_parse_string(filter, expression);
    stdout = real;
    return fclose(caught) == 0 ? result : -ENOMEM;
}

/* What the library says of an expression may be nothing. An empty one it takes, and then it holds
 * for no row. */
static int parse(row_filter *self, const char *expression, error **err)
{
    AUTO_FREE char *unknown = NULL;

    if (expression[strspn(expression, " \t\n")] == '\0')
        return error_set(err, ERROR_USAGE, "the expression is empty");
    int result = parse_catching(self->filter, expression, &unknown);
    if (result == -ENOMEM || !unknown)
        return error_no_memory(err);
    if (*unknown)
        return error_set(err, ERROR_USAGE, "\"%s\" is not an expression: what is \"%s\"?",
                         expression, unknown);
    if (result == 0)
        return 0;
    const char *why = scols_filter_get_errmsg(self->filter);
    return error_set(err, ERROR_USAGE, "\"%s\" is not an expression: %s", expression,
                     why && *why ? why : "see scols-filter(5)");
}

static int fill(row_filter *self, const char *expression, const struct column *table, size_t count,
                error **err)
{
    self->filter = scols_new_filter(NULL);
    self->table = scols_new_table();
    if (!self->filter || !self->table)
        return error_no_memory(err);
    if (parse(self, expression, err) < 0 || assign_columns(self, table, count, err) < 0)
        return -1;
    self->line = scols_table_new_line(self->table, NULL);
    return self->line ? 0 : error_no_memory(err);
}

row_filter *row_filter_new(const char *expression, const struct column *table, size_t count,
                           error **err)
{
    row_filter *self = calloc(1, sizeof *self);

    if (!self) {
        error_no_memory(err);
        return NULL;
    }
    if (fill(self, expression, table, count, err) == 0)
        return self;
    row_filter_free(self);
    return NULL;
}

void row_filter_free(row_filter *self)
{
    if (!self)
        return;
    scols_unref_filter(self->filter);
    scols_unref_table(self->table);
    free(self);
}

bool row_filter_has(const row_filter *self, unsigned flags)
{
    return columns_have(&self->choice, flags);
}

/* A number that is not known has no data, and no comparison holds for it. A text has some, so that
 * it can be compared with "". */
static int set_cell(const row_filter *self, size_t i, const void *row, const void *style)
{
    const struct column *column = self->choice.columns[i];
    size_t length = 0;
    AUTO_FREE char *cell = columns_cell(column, row, style, &length);
    bool known = cell && (*cell || !(column->flags & COLUMN_RIGHT));

    return cell ? scols_line_set_data(self->line, i, known ? cell : NULL) : -1;
}

int row_filter_holds(row_filter *self, const void *row, const void *style)
{
    int holds = 0;

    for (size_t i = 0; i < self->choice.count; i++)
        if (set_cell(self, i, row, style) != 0)
            return -1;
    return scols_line_apply_filter(self->line, self->filter, &holds) == 0 ? holds != 0 : -1;
}

#else

struct row_filter {
    char none;
};

row_filter *row_filter_new(const char *expression, const struct column *table, size_t count,
                           error **err)
{
    (void)expression;
    (void)table;
    (void)count;
    error_set(err, ERROR_USAGE,
              "not in this build: filters need libsmartcols 2.40, and it has an older one");
    return NULL;
}

void row_filter_free(row_filter *self)
{
    (void)self;
}

bool row_filter_has(const row_filter *self, unsigned flags)
{
    (void)self;
    (void)flags;
    return false;
}

int row_filter_holds(row_filter *self, const void *row, const void *style)
{
    (void)self;
    (void)row;
    (void)style;
    return -1;
}

#endif
