/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comma-separated mount options, as fstab and -m have them. Pure. */
#ifndef VLT_AGENT_MOUNT_OPTIONS_H
#define VLT_AGENT_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Writes those of the comma-separated options that have a meaning here to `kept`, which has room
 * for all of them. What is for a system that runs (rw, suid, exec, noatime …) is left out: every
 * mount is read-only, nodev, nosuid, noexec. false: *refused, an option in kept's memory, is one
 * that nobody may give. */
bool mount_options_permitted(const char *options, char *kept, const char **refused);

/* Finds NAME=VALUE among comma-separated options; the value is cut to `size`. */
bool mount_options_value(const char *options, const char *name, char *value, size_t size);
/* Whether there is the option NAME, alone. */
bool mount_options_has(const char *options, const char *name);

#endif
