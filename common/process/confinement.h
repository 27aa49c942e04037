/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process gives up that hears an appliance or a server, besides its user's rights
 * (sandbox.h): all fences in their order. QEMU inherits them. */
#ifndef VLT_CONFINEMENT_H
#define VLT_CONFINEMENT_H

#include "sandbox.h"
#include <stdint.h>

/* Becomes the sandbox's user without a network, and may write below these paths only (a NULL ends
 * them; landlock.h, syscall-filter.h); whether that `lasts` when the process has ended. 0 or -1 and
 * *err; a kernel without Landlock is no error. */
int confinement_enter(const struct sandbox *box, const char *const *writable, bool lasts,
                      error **err);

/* The second half: for a process that is the sandbox's user already. */
int confinement_restrict(const char *const *writable, bool lasts, error **err);

/* No file that this process, or one that it starts, writes gets longer than that. What is longer
 * already is not written behind that place. 0 or -1 and *err. */
int confinement_bound_files(uint64_t bytes, error **err);

#endif
