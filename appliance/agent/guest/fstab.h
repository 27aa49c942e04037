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
    const char *problem; /* why the line cannot be used; NULL: it can, and: */
    const char *device;  /* the fields, without escapes; each one has at least one byte */
    const char *where;
    const char *type;
    const char *options;
};

struct fstab {
    char *text; /* the entries point into it */
    struct fstab_entry *entries;
    size_t count;
};

/* Comments and empty lines make no entry. Lines beyond FSTAB_ENTRIES_MAX and bytes beyond
 * FSTAB_SIZE_MAX become one last entry, with a problem. 0 or -ENOMEM. */
int fstab_parse(const char *bytes, size_t size, struct fstab *table);
void fstab_free(struct fstab *table);

/* Why the entry is skipped without looking at its device: swap, a bind mount … NULL: it is not
 * skipped. */
const char *fstab_passed_over(const struct fstab_entry *entry);

#endif
