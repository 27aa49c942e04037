/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that connects to a guest's remote images (remote.h), and its parts. Private to
 * remote*.c. Everything here may block for as long as a server likes: who started the process has
 * the deadline. */
#ifndef VLT_REMOTE_PROCESS_H
#define VLT_REMOTE_PROCESS_H

#include "remote.h"
#include <sys/types.h>

/* Speaks on `socket` as worker.x says (remote_report), and ends when the other end is closed. The
 * exit code. */
int remote_process(const struct guest *guest, const struct remote_means *means, int socket);

/* An image on its way. */
struct remote_image {
    const struct guest_image *image;
    int looking;        /* a connection for what it begins with; -1 */
    int handover;       /* another for QEMU, on which nothing has been said; -1: not yet */
    pid_t server;       /* nbdkit, or -1 */
    int said;           /* what nbdkit says on stderr, non-blocking; -1 */
    const char *socket; /* of nbd+unix, where the URI does not know it; NULL */
};

void remote_image_clear(struct remote_image *image); /* closes, and ends the server */

/* fork(), again and again while the host is short of processes: nothing tells when it is not any
 * more, and no guest is to be blamed for it. */
pid_t remote_fork(void);

/* --- remote-connect.c --- */

/* A connection to an NBD server; -1 and *err: ERROR_UNREADABLE. */
int remote_connect(const struct remote_uri *uri, error **err);

/* --- remote-nbdkit.c --- */

/* Both connections, to an nbdkit that is started for it; as the sandboxed user, but for
 * ssh, which has the user's keys to read. 0; -1 and *err. */
int remote_nbdkit_serve(struct remote_image *image, const struct remote_means *means, error **err);
/* Puts what nbdkit said, if it said anything, in the place of *err. Always -1. */
int remote_nbdkit_server_said(struct remote_image *image, error **err);

/* --- remote-probe.c --- */

/* Reads what the image begins with, and closes that connection. Names in it are not followed. */
int remote_probe(struct remote_image *image, enum image_format *format, uint64_t *size,
                 error **err);

#endif
