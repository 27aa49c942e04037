/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which accelerator works here. /dev/kvm can be opened, create a virtual processor and run a BIOS,
 * and then fail to run a kernel, or hang: only an appliance that answered proves KVM. The verdict
 * is kept in the cache for as long as the host's kernel runs. */
#ifndef VLT_ACCELERATOR_H
#define VLT_ACCELERATOR_H

#include "process/sandbox.h"

/* "kvm" or "tcg" where that is known: "tcg" where the sandboxed user cannot open /dev/kvm, else the
 * verdict of an earlier run. NULL: both have to be tried. */
const char *accelerator_known(const struct sandbox *box);

/* Saves a verdict. A failure to save it is ignored: the next run tries both again. */
void accelerator_remember(const char *accel);

/* The verdict does not hold any more: both have to be tried again. */
void accelerator_forget(void);

/* Whether the box's user may open /dev/kvm. */
bool accelerator_kvm_usable(const struct sandbox *box);

/* The sandbox of an appliance with that accelerator: TCG's is without /dev/kvm. An appliance that
 * is taken over has one thing less of the host's kernel, and libvirt, which asks QEMU for each
 * accelerator that it may use, has half of its questions. */
struct sandbox accelerator_sandbox(const struct sandbox *box, const char *accel);

/* What libvirt's saved capabilities of QEMU depend on besides QEMU and libvirt themselves, in
 * words: libvirt asks QEMU anew where one of these has changed (virQEMUCapsIsValid() of its
 * qemu_capabilities.c). `modules` is /sys/module. New memory or NULL. */
char *accelerator_host(bool kvm_usable, const char *modules);

#endif
