/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of a guest, or of a volume in it. The values are those of protocol.x (enum status),
 * so that one set of words goes from the agent to the user. */
#ifndef VLT_STATUS_H
#define VLT_STATUS_H

#include "base/error.h"
#include "wire/protocol.h"

/* The status that such a failure gives the guest that it was met with: STATUS_CRASHED where it is
 * not the guest's own. ERROR_NONE: STATUS_OK. */
enum status status_of_error(enum error_kind kind);
/* The kind of a failure of which a status came over a wire. ERROR_HOST, as it was another process
 * that failed, for STATUS_CRASHED and what is no status of a failure. */
enum error_kind status_error_kind(enum status value);

/* "ok", "empty", "encrypted", …; never NULL, "unknown" for a value out of range. */
const char *status_name(enum status value);

#endif
