/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The saved appliance: booted once, up to "every module loaded, no further one can be", and mapped
 * copy-on-write by every appliance after that.
 *
 * A template is a directory: `ram` (the guest's memory, mapped), `state` (its devices, 0.4 MB),
 * `capabilities` (what the hypervisor found out about this host), `info` (sizes and checksums). Its
 * name has a hash of everything that it depends on, so one that does not fit is not found; one that
 * is damaged, or that another user could have written, is not used. Nothing that an image could
 * touch goes into one: it is saved before the first disk. */
#ifndef VLT_TEMPLATE_CACHE_H
#define VLT_TEMPLATE_CACHE_H

#include "appliance.h"
#include "process/sandbox.h"

/* The cache directory of this user: $VIRT_LIVE_TOOLS_CACHE, else $XDG_CACHE_HOME/virt-live-tools,
 * ~/.cache/…; root's is TEMPLATE_SYSTEM_DIR, which ordinary users read as well. New memory; NULL
 * where there is none. */
#define TEMPLATE_SYSTEM_DIR "/var/cache/virt-live-tools"
char *template_cache_directory(void);

/* The hash, in hex, of all that a saved appliance depends on: its files (path, size, times), the
 * machine and the hypervisor's programs as the driver names them, the accelerator and processor,
 * this program. New memory; NULL and *err. */
char *template_key(const struct appliance_config *config, const struct hypervisor_driver *driver,
                   error **err);

/* Looks for a usable template of that key: in the user's cache, then in the system's.
 * 1 and *directory (new memory); 0: there is none, and *why says so in a word for -v (new memory or
 * NULL). */
int template_find(const char *key, char **directory, char **why);

/* Begins one: a fresh directory in the cache, or in `fallback` when the cache cannot be written
 * (then *cached is false and *why says why, for a warning). It belongs to the sandboxed_work_do
 * user. New memory, or NULL and *err. */
char *template_begin(const struct sandbox *box, const char *fallback, bool *cached, char **why,
                     error **err);

/* A worker has written ram, state and capabilities: checks them, writes info, takes the directory
 * from the sandboxed user, and gives it its final name, if `cached`. *directory is where it
 * is then: new memory. If another command was faster, its template is taken where it is usable, and
 * replaced where it is not (*why as above). 0 or -1 and *err: `begun` is where it was. */
int template_finish(const char *begun, const char *key, bool cached, char **directory, char **why,
                    error **err);

/* Where the capabilities of a template's hypervisor are, or are to be written
 * (hypervisor_ops.keep_capabilities). New memory; NULL: no memory. */
char *template_capabilities(const char *directory);

/* Copies the memory, sparse as it is, to a new file `to` that belongs to the sandboxed_work_do
 * user. 0 or -1 and *err. */
int template_copy_memory(const char *directory, const char *to, const struct sandbox *box,
                         error **err);

#endif
