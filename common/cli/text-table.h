/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table with columns as wide as their cells, so it is printed after the last row (-o).
 * libsmartcols does the work; but for row-filter.c, no other file includes it. */
#ifndef VLT_TEXT_TABLE_H
#define VLT_TEXT_TABLE_H

#include "columns.h"

typedef struct text_table text_table;

/* choice must outlive it. terminal: columns that may be truncated are, where the terminal is too
 * narrow. NULL: no memory. */
text_table *text_table_new(const struct column_choice *choice, bool headings, bool terminal);
void text_table_free(text_table *table);

/* Cells are escaped here. 0 or -1: no memory. */
int text_table_add(text_table *table, const void *row, const void *style);

/* 0 or -1: no memory. */
int text_table_print(text_table *table, FILE *to);

#endif
