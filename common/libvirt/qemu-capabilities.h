/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's capabilities: libvirt takes about a second to probe them, and caches them in files below
 * its root. The template carries these files from the first root to all later ones. */
#ifndef VLT_QEMU_CAPABILITIES_H
#define VLT_QEMU_CAPABILITIES_H

#include "capabilities-subset.h"
#include <stdbool.h>
#include <time.h>

/* Copy the files from a root to `directory`, which is made, and from there to another root. After a
 * failure libvirt probes again. `use`: what is kept of them; NULL: all. 0 or -errno. */
int qemu_capabilities_keep(const char *root, const char *directory,
                           const struct capabilities_subset *use);
int qemu_capabilities_provide(const char *directory, const char *root);

/* Whether libvirt has written some in that root since then: it had none, or found them stale. */
bool qemu_capabilities_written(const char *root, const struct timespec *since);

/* Notes in `directory` that QEMU can map memory privately from a file that it only reads, and
 * whether that is noted. 0 or -errno. */
int qemu_capabilities_note_read_only(const char *directory);
bool qemu_capabilities_read_only(const char *directory);

#endif
