/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms of output behind one table of operations: the classic table, CSV, JSON Lines, and the
 * table laid out at its end. A writer writes to a memory stream; report.c brings that to stdout. */
#ifndef VDL_WRITER_H
#define VDL_WRITER_H

#include "columns.h"

typedef struct writer writer;

/* Each returns 0, or -1: no memory. */
struct writer_ops {
    int (*heading)(writer *self, FILE *to);
    int (*row)(writer *self, const struct row *row, FILE *to);
    /* After the rows of a guest; filesystems is how many had figures. NULL: nothing to say. */
    int (*guest)(writer *self, const struct guest_answer *answered, unsigned filesystems, FILE *to);
    /* totals is NULL when no sum is wanted. */
    int (*end)(writer *self, const struct totals *totals, FILE *to);
    void (*free)(writer *self);
};

/* Which rows a writer wants besides those with figures. */
enum writer_wants {
    WANTS_FIGURES,
    WANTS_REASONS, /* those that have none for a reason, and guests without any, or that failed */
    WANTS_VOLUMES  /* every volume, whatever it holds */
};

/* Every form begins with this. */
struct writer {
    const struct writer_ops *ops;
    enum writer_wants wants;
};

/* NULL: no memory. style and choice must outlive the writer. */
writer *writer_table_new(const struct style *style, bool heading);
/* choice NULL: the columns of virt-df. */
writer *writer_csv_new(const struct style *style, const struct column_choice *choice, bool heading);
writer *writer_json_new(void);
writer *writer_layout_new(const struct style *style, const struct column_choice *choice,
                          bool heading, bool terminal);

static inline void cleanup_writer(writer **self)
{
    if (*self)
        (*self)->ops->free(*self);
}
#define AUTO_WRITER CLEANUP(cleanup_writer)

#endif
