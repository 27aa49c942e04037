/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A checksum of a large file that is mostly zeros, which is found quickly: holes are not read. */
#ifndef VLT_SPARSE_SUM_H
#define VLT_SPARSE_SUM_H

#include <stdint.h>

/* Of the first `size` bytes; the same whether zeros are holes or stand in the file. A copy has
 * other holes, and in a tmpfs a hole that was read through a mapping is one no longer. 0 or -errno.
 */
int sparse_sum(int fd, uint64_t size, uint64_t *sum);

#endif
