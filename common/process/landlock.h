/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Less than the user's rights: what this process and all that it starts may still do, by Landlock.
 * It is a second fence. Where an ordinary user runs QEMU, it is the only one around that user's own
 * files. */
#ifndef VLT_LANDLOCK_H
#define VLT_LANDLOCK_H

#include "base/error.h"

/* From here on nothing is written, made or removed but below these paths (files or directories; a
 * NULL ends them) and in /dev; no TCP port is bound or connected to; no signal and no abstract
 * socket reaches processes outside. Reading is as before, and so is whatever is open already.
 * Needs no_new_privs (sandbox_enter()). Kernels before 5.13 have none of it, 6.7 and 6.12 brought
 * the network and the signals: what the kernel has is used.
 * 1: confined; 0: the kernel has no Landlock; -1 and *err. */
int landlock_restrict(const char *const *writable, error **err);

#endif
