/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of bytes, kept in their order until they are read: in memory while they are few, beyond
 * that in a file that all spools share. The file has no name, so nothing is left of it when the
 * process ends, and a child that is forked does not get what is in memory. */
#ifndef VLT_SPOOL_H
#define VLT_SPOOL_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

/* What spools share. */
struct spool_room {
    size_t spool_max; /* bytes of one spool in memory */
    size_t budget;    /* … and of all spools together */
    /* For the spools; and for tests. */
    size_t used, peak;       /* bytes in memory, now and at most */
    unsigned filed;          /* that have gone to the file so far */
    struct spool_file *file; /* NULL: no spool needs it */
};

typedef struct spool spool;

/* An empty one. room must outlive it. NULL: no memory. */
spool *spool_new(struct spool_room *room);
void spool_free(spool *self);

/* Appends a record; `bytes` stay the caller's. The file, where one is needed, is made in $TMPDIR,
 * or else in /var/tmp, because /tmp may be memory. 0 or -1 and *err (there is no space). */
int spool_add(spool *self, const void *bytes, size_t length, error **err);

/* All records' bytes. */
uint64_t spool_bytes(const spool *self);

/* Reading begins with the first record. Nothing is added any more then. */
void spool_rewind(spool *self);
/* Where reading is; spool_seek() moves it back there. */
uint64_t spool_tell(const spool *self);
void spool_seek(spool *self, uint64_t at);
/* The next record: 1 and *bytes (the spool's, valid until its next call) of *length; 0: there is no
 * further one; -1 and *err. */
int spool_next(spool *self, const void **bytes, size_t *length, error **err);

static inline void cleanup_spool(spool **self)
{
    spool_free(*self);
}
#define AUTO_SPOOL CLEANUP(cleanup_spool)

#endif
