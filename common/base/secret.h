/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for secrets: keys, URIs with a password or a token in them, and the buffers through which
 * they pass. A forked process and its own children find zeros in it, unless it was lent to them. It
 * is in no core dump, and is overwritten when freed.
 *
 * The processes that hear an appliance, a server or libvirt are forks of one that has the secrets
 * of all guests. Each gets the secrets of its own guest only. */
#ifndef VLT_SECRET_H
#define VLT_SECRET_H

#include "cleanup.h"
#include <stddef.h>

/* As realloc(): of NULL it makes new memory, of zeros. Whole pages, so it is for few or for large
 * ones. NULL and errno; then the old one is as it was. */
void *secret_resize(void *secret, size_t size);
/* The bytes, and a NUL behind them. NULL and errno. */
void *secret_copy(const void *bytes, size_t length);
void secret_free(void *secret); /* NULL is fine */

/* A process forked between the two calls gets the secret. That process calls secret_take_back()
 * itself before it forks. NULL is fine. 0 or -1 and errno. A secret that cannot be taken back is
 * overwritten. */
int secret_lend(void *secret);
void secret_take_back(void *secret);

static inline void cleanup_secret(void *where)
{
    secret_free(*(void **)where);
}
#define AUTO_SECRET CLEANUP(cleanup_secret)

#endif
