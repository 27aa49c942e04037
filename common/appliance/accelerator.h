/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which accelerator works here. /dev/kvm can be opened, create a virtual processor and run a BIOS,
 * and then fail to run a kernel, or hang: only an appliance that answered proves KVM. The verdict
 * is kept in the cache for as long as the host's kernel runs. */
#ifndef VLT_ACCELERATOR_H
#define VLT_ACCELERATOR_H

#include "process/sandbox.h"

/* "kvm" or "tcg" where that is known: no /dev/kvm that the sandboxed user can open means
 * "tcg", otherwise an earlier run's verdict. NULL: both have to be tried. */
const char *accelerator_known(const struct sandbox *box);

/* Keeps a verdict; one that cannot be kept will be found again. */
void accelerator_remember(const char *accel);

#endif
