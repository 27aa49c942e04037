/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table whose widths are those of its cells, so it is printed when all rows are there (-o).
 * libsmartcols does the work; no other file includes it. */
#ifndef VLT_TEXT_TABLE_H
#define VLT_TEXT_TABLE_H

#include "columns.h"

typedef struct text_table text_table;

/* choice must outlive it. terminal: cut columns that may be cut, where it is too narrow.
 * NULL: no memory. */
text_table *text_table_new(const struct column_choice *choice, bool headings, bool terminal);
void text_table_free(text_table *table);

/* Cells are escaped here. 0 or -1: no memory. */
int text_table_add(text_table *table, const void *row, const void *style);

/* 0 or -1: no memory. */
int text_table_print(text_table *table, FILE *to);

#endif
