/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status of a guest or of one of its volumes: enum status of protocol.x, so the agent, the
 * supervisor and the user's output share one set of words. */
#ifndef VLT_STATUS_H
#define VLT_STATUS_H

#include "base/error.h"
#include "wire/protocol.h"

/* The status of a guest whose scan failed with this kind: STATUS_CRASHED for kinds that are not the
 * guest's own. ERROR_NONE: STATUS_OK. */
enum status status_of_error(enum error_kind kind);
/* The kind of a failure that another process reported as a status. STATUS_CRASHED, and statuses
 * that are no failure, become ERROR_HOST. */
enum error_kind status_error_kind(enum status value);

/* "ok", "empty", "encrypted", …; never NULL, "unknown" for a value out of range. */
const char *status_name(enum status value);

#endif
