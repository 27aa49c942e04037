/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP commands and replies as JSON text. Sending them is the caller's. Pure. */
#ifndef VLT_QMP_H
#define VLT_QMP_H

#include "base/error.h"
#include <jansson.h>

/* {"execute": command, "arguments": arguments}; steals the reference to arguments (NULL: none).
 * New memory, or NULL: no memory. */
char *qmp_command(const char *command, json_t *arguments);

/* The return value of a reply, a new reference; NULL and *err: ERROR_REFUSED where QEMU refused the
 * command, ERROR_APPLIANCE where the text is not a valid reply. */
json_t *qmp_return(const char *reply, error **err);

/* The same of a reply that has been read; steals the reference to it. */
json_t *qmp_result(json_t *reply, error **err);

#endif
