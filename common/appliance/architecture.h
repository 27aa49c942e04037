/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What depends on the processor that an appliance is for. */
#ifndef VLT_ARCHITECTURE_H
#define VLT_ARCHITECTURE_H

#include "base/error.h"
#include <stdbool.h>

struct architecture {
    const char *name;            /* as libvirt and `uname -m` call it */
    const char *emulator;        /* as Debian's packages install it */
    const char *machine;         /* QEMU's */
    const char *machine_options; /* for -machine, besides what libvirt has; or NULL */
    const char *processor;       /* under TCG; NULL: QEMU's default */
    bool acpi;                   /* the machine has it without firmware of its own */
    const char *command_line;    /* of the guest's kernel */
    const char *counter_option;  /* of the kernel, before the rate of an emulated processor's time
                                    stamp counter in kHz; NULL: there the kernel knows it */
};

/* That of this program. */
const struct architecture *architecture_native(void);

/* NULL: there is none of that name. */
const struct architecture *architecture_find(const char *name);

/* The one that an appliance's manifest names ("architecture: NAME"). One that names none, or is not
 * there, is of an appliance for this program's own. NULL and *err where it is not known here. */
const struct architecture *architecture_of_manifest(const char *path, error **err);

/* Whether KVM can run it. */
bool architecture_is_native(const struct architecture *architecture);

#endif
