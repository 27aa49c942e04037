/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PID 1 of the appliance does before and after it is an agent. Nothing here runs on a host. */
#ifndef VLT_AGENT_BOOT_H
#define VLT_AGENT_BOOT_H

#include "devices.h"
#include <stdbool.h>

/* Where the root drive's files are, once boot_root() has made it the root. */
#define MODULES_DIRECTORY "/modules"

/* proc, sysfs, /dev, the console, kernel settings. */
void boot_early(void);

/* Loads the initrd's modules, /modules/order. */
void boot_modules(void);

/* Mounts the root drive, and makes it the root. 0 or -errno; what failed goes to the console. */
int boot_root(const devices *disks);

/* The port of that name if it is there yet: its descriptor, -ENOENT, or another -errno. */
int boot_open_port(const char *name);

/* Whether the kernel's command line has this word. */
bool boot_option(const char *word);

/* A shell on the console, beside the agent. */
void boot_shell(void);

/* Says why on the console and ends the appliance. */
_Noreturn void boot_power_off(const char *why);

#endif
