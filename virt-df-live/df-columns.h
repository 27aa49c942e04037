/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of virt-df-live, for -o, --output-all and --help. */
#ifndef VDL_DF_COLUMNS_H
#define VDL_DF_COLUMNS_H

#include "cli/columns.h"
#include "row.h"

/* How cells are written. */
struct style {
    bool human;   /* -h */
    bool inodes;  /* -i */
    bool decimal; /* percent with one decimal and no sign, for CSV */
    bool exact;   /* for JSON: bytes; and empty cells for figures that say nothing */
};

/* Flags of the columns: what has them in JSON. */
#define DF_COLUMN_VOLUME COLUMN_COMMAND            /* volumes of every kind */
#define DF_COLUMN_FILESYSTEM (COLUMN_COMMAND << 1) /* filesystems */
#define DF_COLUMN_FIGURE (COLUMN_COMMAND << 2)     /* filesystems, and sums of them */

/* --sort and --top. */
struct row_order {
    const struct column *column; /* NULL: as they come */
    bool descending;
    unsigned top; /* how many rows; 0: all */
};

/* Their getters take a struct row and a struct style. */
extern const struct column df_columns[];
extern const size_t df_columns_count;

/* virt-df's columns: in the table "Filesystem" and four figures; in CSV guest and device in two
 * columns, and four figures. */
void df_columns_classic_table(const struct style *style, struct column_choice *choice);
void df_columns_classic_csv(const struct style *style, struct column_choice *choice);

#endif
