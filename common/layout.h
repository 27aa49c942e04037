/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table whose widths are those of its cells, so it is printed when all rows are there (-o).
 * libsmartcols does the work; no other file includes it. */
#ifndef VLT_LAYOUT_H
#define VLT_LAYOUT_H

#include "output.h"

typedef struct layout layout;

/* choice must outlive it. terminal: cut columns that may be cut, where it is too narrow.
 * NULL: no memory. */
layout *layout_new(const struct column_choice *choice, bool headings, bool terminal);
void layout_free(layout *table);

/* Cells are escaped here. 0 or -1: no memory. */
int layout_add(layout *table, const void *row, const void *style);

/* 0 or -1: no memory. */
int layout_print(layout *table, FILE *to);

#endif
