/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the kernel refused: errno says little ("Invalid argument"), its log says which. */
#ifndef VLT_AGENT_KERNEL_LOG_H
#define VLT_AGENT_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* From here on the kernel's log is listened to: a descriptor, or -1 where there is no log. */
int kernel_log_begin(void);

#define KERNEL_LOG_DEVICE_MAX 64

/* The kernel's own name for the device at that node. */
bool kernel_log_device(const char *node, char name[KERNEL_LOG_DEVICE_MAX]);

/* The first thing that the kernel has said since about this device, without its name: it is the
 * most particular. Some filesystems name no device, but begin with what they are called (squashfs,
 * hfsplus); only one guest's are mounted at a time. Other guests' disks are attached meanwhile, and
 * what is said of them is passed over. false where it said nothing. The descriptor stays the
 * caller's. */
bool kernel_log_end(int log, const char *device, const char *fstype, char *text, size_t size);

#endif
