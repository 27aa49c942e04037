/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns: one table of them in a command drives -o, --output-all, the headings, CSV, the laid-out
 * table, the list in --help, and members of JSON. */
#ifndef VLT_COLUMNS_H
#define VLT_COLUMNS_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Flags. */
#define COLUMN_RIGHT 1u    /* numbers */
#define COLUMN_TRUNCATE 2u /* may be cut where the terminal is too narrow */
#define COLUMN_REASON 4u   /* says why something is missing: rows without figures are printed too */
#define COLUMN_ASKED 8u    /* guests are asked for it only where it is wanted */
#define COLUMN_BOOLEAN 16u /* "yes", "no" or empty */
#define COLUMN_DECIMAL 32u /* of numbers: those that have a decimal */
#define COLUMN_COMMAND 64u /* from here on: the command's own */

struct column {
    const char *name; /* what -o takes, in upper case, and the heading */
    unsigned flags;
    const char *help;
    /* Writes the cell's bytes as they are, nothing where it is empty. row and style are the
     * command's. */
    void (*get)(const void *row, const void *style, FILE *to);
    const char *json; /* its member of JSON; NULL: none that is made of the cell */
};

#define COLUMNS_MAX 64

struct column_choice {
    size_t count;
    const struct column *columns[COLUMNS_MAX];
};

/* The one of this name, in any case; NULL: there is none. */
const struct column *columns_find(const struct column *table, size_t count, const char *name,
                                  size_t length);

/* Reads "NAME,NAME…", in any case, each of the `count` in table. 0 or -1 and *err, which names the
 * unknown column and those that exist. */
int columns_choose(const struct column *table, size_t count, const char *list,
                   struct column_choice *choice, error **err);
void columns_choose_all(const struct column *table, size_t count, struct column_choice *choice);

/* Whether a chosen column has one of these flags. */
bool columns_have(const struct column_choice *choice, unsigned flags);

/* The cell's bytes and their *length, NUL behind them; new memory, or NULL: no memory. */
char *columns_cell(const struct column *column, const void *row, const void *style, size_t *length);

/* A line of CSV: the names. */
void columns_csv_heading(const struct column_choice *choice, FILE *to);
/* A line of CSV: the cells of a row. 0 or -1: no memory. */
int columns_csv_row(const struct column_choice *choice, const void *row, const void *style,
                    FILE *to);

/* Adds the members of those columns that have one, and one of these flags. A value is the cell: a
 * number where the column is one, a boolean, or a string; null where the cell is empty. 0 or -1: no
 * memory. */
int columns_set_json(const struct column *table, size_t count, unsigned flags, const void *row,
                     const void *style, json_t *object);

/* "  NAME  help" for each. */
void columns_print_help(const struct column *table, size_t count, FILE *to);

#endif
