/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the kernel refused: errno says little ("Invalid argument"), its log says which. */
#ifndef VLT_AGENT_REASON_H
#define VLT_AGENT_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* From here on the kernel's log is listened to: a descriptor, or -1 where there is no log. */
int reason_begin(void);

/* The first thing that the kernel has said since, without the name of the device: it is the most
 * particular. false where it said nothing. The descriptor stays the caller's. */
bool reason_end(int log, char *text, size_t size);

#endif
