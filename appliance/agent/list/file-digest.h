/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checksum of a file, a piece at a time. */
#ifndef VLT_AGENT_FILE_DIGEST_H
#define VLT_AGENT_FILE_DIGEST_H

#include "wire/protocol.h"
#include <stddef.h>
#include <stdint.h>

typedef struct file_digest file_digest;

/* NULL: no memory. The kind must be one of ls_checksum's, and not LS_NO_CHECKSUM. */
file_digest *file_digest_new(enum ls_checksum kind);
void file_digest_free(file_digest *self);

/* Begins a file; takes the descriptor over. -1: none. */
void file_digest_begin(file_digest *self, int fd);

/* Reads about `bytes` more bytes of the file. 1: there is more; 0: done; -errno: it cannot be read.
 * Holes of a sparse file are not read, but count as zeros. */
int file_digest_step(file_digest *self, uint64_t bytes);

/* When done: writes the checksum and returns its length in bytes. */
size_t file_digest_finish(file_digest *self, unsigned char value[64]);

#endif
