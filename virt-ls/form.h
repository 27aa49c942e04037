/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms of output behind one table of operations: names, ls -la, the long tree (text and CSV),
 * JSON Lines. */
#ifndef VLS_FORM_H
#define VLS_FORM_H

#include "cell.h"
#include "scan/listing-reader.h"
#include "usage.h"

typedef struct form form;

/* The directory of the following files. */
struct listed_directory {
    const struct guest *guest;
    const char *directory; /* as asked for; NULL: none yet */
};

/* Of one guest. */
struct tally {
    uint64_t files, problems;
};

/* Each returns 0, or -1: no memory. Each may be NULL. */
struct form_ops {
    /* A directory begins. The form may read its items by `ahead`, which the caller rewinds
     * afterwards. Also -1 and *err where they cannot be read. */
    int (*directory)(form *self, const struct listed_directory *place, struct listing_reader *ahead,
                     FILE *to, error **err);
    int (*entry)(form *self, const struct listed_directory *place, const listing_entry *entry,
                 FILE *to);
    int (*problem)(form *self, const struct listed_directory *place, const listing_problem *problem,
                   FILE *to);
    /* After all of a guest. */
    int (*guest)(form *self, const struct guest_answer *answered, const struct tally *tally,
                 FILE *to);
};

/* Every form begins with this. */
struct form {
    const struct form_ops *ops;
    const struct ls_style *style;
};

/* NULL: no memory. style must outlive it. free() ends it. */
form *form_new(const struct ls_style *style);

form *form_names_new(void);
form *form_long_new(void);
form *form_tree_new(void);
form *form_json_new(void);

/* Bytes as they are, or escaped where the style says so. 0 or -1. */
int form_put(const form *self, const void *bytes, size_t length, FILE *to);
/* "GUEST:" where there may be several guests, then the name. 0 or -1. */
int form_put_name(const form *self, const struct listed_directory *place, const void *name,
                  size_t length, FILE *to);
void form_end_line(const form *self, FILE *to);

#endif
