/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the instruction CPUID says depends on the processor that executes it: which one it is (leafs
 * 1, 11, 31). libvirt keeps that beside what it has found out about QEMU, leaves most of these
 * numbers out, but not those of leaf 31 (9.0), and asks QEMU anew where it finds others: 0.6 s and
 * more, on each but one of the processors of such a host. So it asks on the same one each time. */
#ifndef VLT_FIRST_PROCESSOR_H
#define VLT_FIRST_PROCESSOR_H

#include <sched.h>

/* Binds this thread to the first of the processors that it may run on. `before` is for the second
 * call, which lets it run on all of these again. Where it cannot be bound nothing is done. */
void first_processor_enter(cpu_set_t *before);
void first_processor_leave(const cpu_set_t *before);

#endif
