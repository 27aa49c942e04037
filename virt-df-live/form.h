/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms of output behind one table of operations: the classic table, CSV, JSON Lines, and the
 * table laid out at its end. */
#ifndef VDL_FORM_H
#define VDL_FORM_H

#include "cli/text-table.h"
#include "usage.h"

typedef struct form form;

/* Each returns 0, or -1: no memory. All but `row` may be NULL. */
struct form_ops {
    int (*heading)(form *self, FILE *to);
    int (*row)(form *self, const struct row *row, FILE *to);
    /* After the rows of a guest; filesystems is how many had figures. */
    int (*guest)(form *self, const struct guest_answer *answered, unsigned filesystems, FILE *to);
    /* A sum; one of a group before that of all. NULL: it is written by row(). */
    int (*total)(form *self, const struct totals *totals, FILE *to);
    int (*end)(form *self, FILE *to);
    void (*clear)(form *self); /* frees what is the form's own */
};

/* Which rows a form prints besides those with figures. */
enum form_wants {
    FORM_WANTS_FIGURES,
    FORM_WANTS_REASONS, /* those that have none for a reason, and guests without any, or that failed
                         */
    FORM_WANTS_VOLUMES  /* every volume, whatever it holds */
};

struct form {
    const struct form_ops *ops;
    enum form_wants wants;
    struct style style;
    bool heading;
    struct column_choice choice;
    text_table *table; /* of the table that is laid out at its end */
};

/* NULL, here and below: no memory. */
form *form_new(const struct df_options *options, bool terminal);
void form_free(form *self);

/* The part that all forms share; style and choice may be NULL. */
form *form_make(const struct form_ops *ops, const struct style *style,
                const struct column_choice *choice, bool heading);
form *form_table_new(const struct style *style, bool heading);
/* choice NULL: the columns of virt-df. */
form *form_csv_new(const struct style *style, const struct column_choice *choice, bool heading);
form *form_json_new(void);
form *form_layout_new(const struct style *style, const struct column_choice *choice, bool heading,
                      bool terminal);

/* Rows come at the end, in this order. Takes inner over, which may be NULL. */
form *form_sorted_new(const struct row_order *order, form *inner);

/* Writes a sum, by total() or else by row(). 0 or -1: no memory. */
int form_total(form *self, const struct totals *totals, FILE *to);

static inline void cleanup_form(form **self)
{
    form_free(*self);
}
#define AUTO_FORM CLEANUP(cleanup_form)

#endif
