/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An expression over the columns of a row (--filter), as scols-filter(5) has it. libsmartcols has
 * such filters since 2.40; where it is older there is no filter, and row_filter_new() says so. */
#ifndef VLT_ROW_FILTER_H
#define VLT_ROW_FILTER_H

#include "columns.h"

typedef struct row_filter row_filter;

/* What --help says behind the option. */
#ifdef HAVE_SCOLS_FILTER
#define ROW_FILTER_HELP "see below and scols-filter(5)"
#else
#define ROW_FILTER_HELP "not in this build, whose libsmartcols has no filters"
#endif

/* Its columns are those of the table, in any case. NULL and *err. */
row_filter *row_filter_new(const char *expression, const struct column *table, size_t count,
                           error **err);
void row_filter_free(row_filter *filter); /* NULL is fine */

/* Whether the expression has a column with one of these flags. */
bool row_filter_has(const row_filter *filter, unsigned flags);

/* 1: it holds for the row; 0: it does not; -1: that cannot be said, as where a text is compared
 * with a number. The style should be one in which numbers are exact. */
int row_filter_holds(row_filter *filter, const void *row, const void *style);

#endif
