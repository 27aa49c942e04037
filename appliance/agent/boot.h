/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The appliance's PID 1: the steps before it serves requests, and its end. Nothing here runs on a
 * host. */
#ifndef VLT_AGENT_BOOT_H
#define VLT_AGENT_BOOT_H

#include "agent/device/device-table.h"
#include <stdbool.h>
#include <sys/types.h>

/* The modules of the root drive, once boot_root() has made it the root. */
#define MODULES_DIRECTORY "/modules"

/* proc, sysfs, /dev, the console, kernel settings. */
void boot_early(void);

/* Loads the initrd's modules, /modules/order. */
void boot_modules(void);

/* Mounts the root drive, and makes it the root. 0 or -errno; the failed step is named on the
 * console. */
int boot_root(const device_table *disks);

/* Calls found() for each virtio port. */
void boot_each_port(void (*found)(void *owner, const char *name, dev_t number), void *owner);
/* A port's descriptor or -errno. */
int boot_open_port(dev_t number);

/* Mounts devpts, so that pseudo-terminals can be opened. */
void boot_terminals(void);

/* Before the appliance is saved: what each one that is restored would have to do for itself, though
 * it is the same in all of them. Its memory is put into place (each page costs a page fault, and an
 * emulated machine the translation of what handles them), the kernel's log is opened. */
void boot_prepare(void);

/* Changes settings for an appliance that lives between commands. */
void boot_keep(void);
/* Before such an appliance ends: writes everything out, and unmounts all filesystems. */
void boot_settle(void);

/* Whether the kernel's command line has this word. */
bool boot_option(const char *word);

/* A shell on the console, beside the agent. */
void boot_shell(void);

/* Says why on the console and ends the appliance. */
_Noreturn void boot_power_off(const char *why);

#endif
