/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a template (template-cache.h): a file of an appliance's size with little in it, of
 * which each run makes a copy that QEMU may write, and which is read whole when its sum is
 * compared. What is a hole costs neither. */
#ifndef VLT_TEMPLATE_MEMORY_H
#define VLT_TEMPLATE_MEMORY_H

#include "base/error.h"
#include "process/sandbox.h"

/* Makes holes where there are zeros: a fifth of what the guest has written. `fd` is open for
 * reading and writing. 0 (also where the file system has no holes) or -errno: as good as before. */
int template_memory_dig(int fd);

/* Makes a file for a copy of the memory; it belongs to the sandboxed user. Its descriptor, for
 * writing; -1 and *err. */
int template_memory_make(const char *to, const struct sandbox *box, error **err);
/* Copies the memory of the template in `directory` into that, sparse. 0 or -1 and *err. */
int template_memory_fill(const char *directory, int to, error **err);
/* Both. */
int template_memory_copy(const char *directory, const char *to, const struct sandbox *box,
                         error **err);

#endif
