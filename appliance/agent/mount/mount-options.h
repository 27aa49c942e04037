/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comma-separated mount options, as fstab and -m have them. Pure. */
#ifndef VLT_AGENT_MOUNT_OPTIONS_H
#define VLT_AGENT_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Copies those of the comma-separated options that have an effect here to `kept`, which has room
 * for all of them. Options for a running system (rw, suid, exec, noatime …) are left out: every
 * mount is read-only, nodev, nosuid, noexec. false: *refused, in kept's memory, is an option that
 * is not allowed. */
bool mount_options_permitted(const char *options, char *kept, const char **refused);

/* Finds NAME=VALUE among comma-separated options; the value is cut to `size`. */
bool mount_options_value(const char *options, const char *name, char *value, size_t size);
/* Whether there is the option NAME, alone. */
bool mount_options_has(const char *options, const char *name);

#endif
