/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --total=owner and --total=directory: sums of the guests that have that in common. */
#ifndef VDL_GROUP_TOTALS_H
#define VDL_GROUP_TOTALS_H

#include "form.h"

/* Groups, at most; guests of later ones are summed up as "others". */
#define GROUP_TOTALS_MAX 10000

typedef struct group_totals group_totals;

group_totals *group_totals_new(enum total_by by); /* NULL: no memory */
void group_totals_free(group_totals *self);       /* NULL is fine */

/* A guest, and the sum of its filesystems. 0 or -1: no memory. */
int group_totals_add(group_totals *self, const struct guest_answer *answered,
                     const struct totals *sum);

/* Writes the sums, by name. They have to live until the form has ended. 0 or -1: no memory. */
int group_totals_write(group_totals *self, form *to, FILE *stream);

#endif
