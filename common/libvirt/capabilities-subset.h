/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of what libvirt has found out about QEMU, what an appliance's domain needs. libvirt reads all of
 * it in each process that starts one, some 200 KB: other machines, another accelerator, why each
 * model of a processor cannot be used. */
#ifndef VLT_CAPABILITIES_SUBSET_H
#define VLT_CAPABILITIES_SUBSET_H

#include <stddef.h>

/* The domain: "kvm" or "tcg", as libvirt names it there, too; and QEMU's name of the machine, which
 * may be an alias. */
struct capabilities_subset {
    const char *accel;
    const char *machine;
};

/* From the text of a file of libvirt's cache (virQEMUCapsFormatCache(), qemu_capabilities.c) that
 * of one with less in it: new memory, for free(). NULL: it is not such a file, or has no such
 * machine, or there is no memory; the whole is to be used then. */
char *capabilities_subset_make(const struct capabilities_subset *use, const char *text,
                               size_t length);

#endif
