/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fstab(5), as a guest has written it: any bytes. Pure. */
#ifndef VLT_AGENT_FSTAB_H
#define VLT_AGENT_FSTAB_H

#include <stdbool.h>
#include <stddef.h>

#define FSTAB_SIZE_MAX (256 * 1024)
#define FSTAB_ENTRIES_MAX 512

struct fstab_entry {
    unsigned line;       /* from 1 */
    const char *problem; /* why the line is none that can be used; NULL: it is, and: */
    const char *device;  /* the fields, without escapes; each one has at least one byte */
    const char *where;
    const char *type;
    const char *options;
};

struct fstab {
    char *text; /* what the entries point into */
    struct fstab_entry *entries;
    size_t count;
};

/* Comments and empty lines make no entry. Lines beyond FSTAB_ENTRIES_MAX, and bytes beyond
 * FSTAB_SIZE_MAX, make one together, the last, which is a problem. 0 or -ENOMEM. */
int fstab_parse(const char *bytes, size_t size, struct fstab *table);
void fstab_free(struct fstab *table);

/* Why it is passed over without looking at its device: swap, a bind mount … NULL: it is not. */
const char *fstab_passed_over(const struct fstab_entry *entry);

#endif
