/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor of QEMU's that only we use: one QMP command after the other over a Unix socket,
 * with descriptors. QEMU may have been taken over by an image, so what it says is bounded, and read
 * as JSON by jansson. */
#ifndef VLT_QMP_CONNECTION_H
#define VLT_QMP_CONNECTION_H

#include "base/error.h"
#include <jansson.h>

/* Bytes of the longest reply that is read. That of query-named-block-nodes, the longest that is
 * asked for, has some 1.5 KiB a disk. */
#define QMP_CONNECTION_REPLY_MAX ((size_t)8 << 20)

typedef struct qmp_connection qmp_connection;

/* Takes over the connected stream socket, also on failure. Waits for QEMU's greeting. NULL and *err
 * (ERROR_APPLIANCE). */
qmp_connection *qmp_connection_new(int fd, error **err);
void qmp_connection_free(qmp_connection *self); /* NULL is allowed */

/* The version of QEMU as it has greeted, as libvirt writes it: 8002001 is 8.2.1. 0: it did not say.
 */
unsigned long qmp_connection_version(const qmp_connection *self);

/* Sends the command (qmp_command()) with at most one descriptor (-1: none; still the caller's), and
 * waits for its reply; there is no deadline. Events are passed over. The result, a new reference;
 * NULL and *err: ERROR_REFUSED where QEMU refused the command, ERROR_APPLIANCE where the connection
 * is of no use any more. */
json_t *qmp_connection_ask(qmp_connection *self, const char *command, int fd, error **err);

#endif
