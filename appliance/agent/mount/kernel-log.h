/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a mount failed: the kernel's log is more specific than errno ("Invalid argument"). */
#ifndef VLT_AGENT_KERNEL_LOG_H
#define VLT_AGENT_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Begins to read the kernel's log, from its end on: a descriptor, or -1 where there is no log. */
int kernel_log_begin(void);

#define KERNEL_LOG_DEVICE_MAX 64

/* The kernel's own name for the device at that node. */
bool kernel_log_device(const char *node, char name[KERNEL_LOG_DEVICE_MAX]);

/* The kernel's first message about this device since then, without the device's name: the first is
 * the most specific. Some filesystems name themselves instead of the device (squashfs, hfsplus);
 * that is unambiguous, because only one guest's are mounted at a time. Messages about disks of
 * other guests, which are attached meanwhile, are skipped. false: no message. The descriptor stays
 * the caller's. */
bool kernel_log_end(int log, const char *device, const char *fstype, char *text, size_t size);

#endif
