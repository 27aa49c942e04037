/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A row that outlives the answer which it was made of. */
#ifndef VDL_ROW_COPY_H
#define VDL_ROW_COPY_H

#include "row.h"

/* With a guest, a volume and a message of its own; of the guest what output shows. NULL: no memory.
 */
struct row *row_copy_new(const struct row *row);
void row_copy_free(struct row *copy); /* NULL is fine */

#endif
