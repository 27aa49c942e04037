/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The saved appliance: booted once, until all modules are loaded and loading is locked, and mapped
 * copy-on-write by every later appliance.
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

/* The hash, in hex, of everything that a saved appliance depends on: its files (path, size, times),
 * the machine and the hypervisor's programs as the driver names them, the accelerator and
 * processor, the host (`host`: accelerator_host()), this program. New memory; NULL and *err. */
char *template_key(const struct appliance_config *config, const struct hypervisor_driver *driver,
                   const char *host, error **err);

/* Called with the directory of a template that is there and may be trusted, before its sums have
 * been compared, which takes some time. Nothing may be restored from it yet. */
struct template_watcher {
    void (*glimpsed)(void *data, const char *directory);
    void *data;
};

/* Looks for a usable template of that key: in the user's cache, then in the system's. 1 and
 * *directory (new memory), which is the last one that the watcher (NULL: none) was told of; 0:
 * there is none, and *why is the reason, for -v (new memory or NULL). */
int template_find(const char *key, const struct template_watcher *watcher, char **directory,
                  char **why);

/* Begins a template: a new directory in the cache, or in `fallback` where the cache cannot be
 * written (then *cached is false, and *why is the reason, for a warning). It belongs to the
 * sandboxed user. New memory, or NULL and *err. */
char *template_begin(const struct sandbox *box, const char *fallback, bool *cached, char **why,
                     error **err);

/* To be called when a worker has written ram, state and capabilities: checks them, writes info,
 * takes the directory from the sandboxed user, and, if `cached`, renames it to its final name.
 * *directory is its path then: new memory. If there is one already, that is used if it is valid,
 * with the newer capabilities, else replaced (*why as above). 0; -1 and *err: `begun` is unchanged.
 */
int template_finish(const char *begun, const char *key, bool cached, char **directory, char **why,
                    error **err);

/* One that passed all checks and still cannot be restored is set aside where that is possible,
 * until another one of its key is finished. If none could be made it is put back: then the fault
 * was this run's, as that it may use too little memory. */
void template_discard(const char *directory);
void template_put_back(const char *key);

#endif
