/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's log, /dev/kmsg: why something failed is there, and errno ("Invalid argument") is not
 * specific. */
#ifndef VLT_AGENT_KERNEL_LOG_H
#define VLT_AGENT_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Begins to read the kernel's log, from its end on: a descriptor, or -1 where there is no log.
 * There is one, which stays open: opening it takes longer than a mount that works can be made to
 * wait. */
int kernel_log_begin(void);

/* The same with a descriptor of the caller's own. */
int kernel_log_open(void);

/* The longest record (CONSOLE_EXT_LOG_MAX of linux/printk.h). */
#define KERNEL_LOG_LINE_MAX 8192

/* The next record's first line, and how severe it is: 0 is an emergency, 7 is for debugging
 * (linux/kern_levels.h). false: there is none. */
bool kernel_log_next(int log, int *level, char text[KERNEL_LOG_LINE_MAX]);

#define KERNEL_LOG_DEVICE_MAX 64

/* The kernel's own name for the device at that node. */
bool kernel_log_device(const char *node, char name[KERNEL_LOG_DEVICE_MAX]);

#endif
