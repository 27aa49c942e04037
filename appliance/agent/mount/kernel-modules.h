/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel modules, from order files: a line is "PATH [PARAMETERS]", dependencies first. */
#ifndef VLT_AGENT_KERNEL_MODULES_H
#define VLT_AGENT_KERNEL_MODULES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct kernel_modules kernel_modules;

/* `directory` holds the FSTYPE.order files, FSTYPE as libblkid names it. With `simulate` nothing is
 * loaded (tests on the host). NULL: no memory. */
kernel_modules *kernel_modules_new(const char *directory, bool simulate);
void kernel_modules_free(kernel_modules *loaded);

/* Loads the modules of a filesystem, once. A type without an order file is built into the kernel,
 * or unknown to it, which mounting reports. 0, or -errno with *failed (when not NULL) the path of
 * the module that failed, valid until the next call. */
int kernel_modules_need(kernel_modules *loaded, const char *fstype, const char **failed);

/* Loads everything in the directory; the first failure is returned, the others go on. */
int kernel_modules_need_all(kernel_modules *loaded, const char **failed);

/* Whether this kernel has a driver of that type among the fragile ones: those that are in no
 * appliance which guests share (FSTYPE.fragile, which is empty where it has not). */
bool kernel_modules_has_fragile(const kernel_modules *loaded, const char *fstype);
/* As kernel_modules_need(), of one of those. */
int kernel_modules_need_fragile(kernel_modules *loaded, const char *fstype, const char **failed);

/* Locks module loading until the next boot, also against an attacker who has taken over the agent.
 */
int kernel_modules_lock(kernel_modules *loaded);

/* Loads the modules of one order file. 0 (also where there is none) or -errno. */
int kernel_modules_load_order(kernel_modules *loaded, const char *path, const char **failed);

#endif
