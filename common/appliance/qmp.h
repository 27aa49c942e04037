/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP commands and replies as JSON text. Sending them is the caller's. Pure. */
#ifndef VLT_QMP_H
#define VLT_QMP_H

#include "base/error.h"
#include <jansson.h>

/* {"execute": command, "arguments": arguments}; steals the reference to arguments (NULL: none).
 * New memory, or NULL: no memory. */
char *qmp_command(const char *command, json_t *arguments);

/* What a reply returns, a new reference; NULL and *err where it is an error (ERROR_REFUSED: QEMU
 * is well, and says no), or no reply at all (ERROR_APPLIANCE). */
json_t *qmp_return(const char *reply, error **err);

#endif
