/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mount options that -m may give. Pure. */
#ifndef VLT_AGENT_PERMITTED_H
#define VLT_AGENT_PERMITTED_H

#include <stdbool.h>
#include <stddef.h>

/* Writes those of the comma-separated options that have a meaning here to `kept`, which has room
 * for all of them. What is for a system that runs (rw, suid, exec, noatime …) is left out: every
 * mount is read-only, nodev, nosuid, noexec. false: *refused, an option in kept's memory, is one
 * that nobody may give. */
bool permitted_options(const char *options, char *kept, const char **refused);

#endif
