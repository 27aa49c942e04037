/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of a guest, or of a volume in it. The values are those of protocol.x (enum status),
 * so that one set of words goes from the agent to the user. */
#ifndef VLT_STATUS_H
#define VLT_STATUS_H

#include "protocol.h"

/* "ok", "empty", "encrypted", …; never NULL, "unknown" for a value out of range. */
const char *status_name(enum status value);

#endif
