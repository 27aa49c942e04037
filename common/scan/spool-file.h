/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of spools whose records do not fit into memory: one for all of them, so that a spool
 * takes no descriptor. It has no name, and exists as long as a spool uses it. Each spool has pieces
 * of its own. Private to spool*.c. */
#ifndef VLT_SPOOL_FILE_H
#define VLT_SPOOL_FILE_H

#include "base/cleanup.h"
#include <stddef.h>
#include <stdint.h>

/* Bytes of a piece. */
#define SPOOL_PIECE ((uint64_t)1 << 20)

struct spool_file;

/* The pieces of one spool. Begins as all zero bytes. */
struct spool_pieces {
    struct spool_file *file; /* NULL: nothing */
    uint32_t *numbers;
    size_t count, room;
};

/* Begins to use *file, which is made where it is NULL. 0, or -1 and errno. */
int spool_file_use(struct spool_file **file, struct spool_pieces *pieces);
/* Gives all pieces back; after the last user *file is NULL. */
void spool_file_leave(struct spool_file **file, struct spool_pieces *pieces);

/* Bytes of the spool from `at` on. 0, or -1 and errno. */
int spool_file_write(struct spool_pieces *self, const void *bytes, size_t length, uint64_t at);
int spool_file_read(const struct spool_pieces *self, void *bytes, size_t length, uint64_t at);

#endif
