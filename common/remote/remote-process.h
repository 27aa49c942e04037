/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that connects to a guest's remote images (remote.h), and its parts. Private to
 * remote*.c. Everything here may block for as long as a server likes; the supervisor, which started
 * the process, has the deadline. */
#ifndef VLT_REMOTE_PROCESS_H
#define VLT_REMOTE_PROCESS_H

#include "remote.h"
#include "wire/worker.h"
#include <sys/types.h>

/* Speaks on `socket` as worker.x says (remote_report), and ends when the other end is closed. The
 * exit code. */
int remote_process(const struct guest *guest, const struct remote_means *means, int socket);

/* An image that is being connected. */
struct remote_image {
    const struct guest_image *image;
    int looking;  /* the connection to read its header, or the file; -1 */
    int handover; /* the connection for QEMU, on which nothing was sent, or the file; -1: not yet */
    pid_t server; /* nbdkit, or -1 */
    int said;     /* nbdkit's stderr, non-blocking; -1 */
    const char *socket; /* of nbd+unix, where the URI has none; NULL */
    char path[108];     /* of the program's socket, below the run's directory; "" */
};

void remote_image_clear(struct remote_image *image); /* closes, and ends the server */

/* fork(), repeated while the host is short of processes: there is no event for the end of that, and
 * it must not fail the guest. */
pid_t remote_fork(void);

/* --- remote-connect.c --- */

/* A connection to an NBD server; -1 and *err: ERROR_UNREADABLE. */
int remote_connect(const struct remote_uri *uri, error **err);

/* --- remote-server.c --- */

/* Whether a program serves such an image; otherwise its server is the user's. */
bool remote_server_is_for(const struct remote_uri *uri);
/* Starts it for the guest's image number `index`, and makes the connection to look at it. 0; -1 and
 * *err. */
int remote_server_start(struct remote_image *image, const struct remote_means *means, size_t index,
                        error **err);
/* Another connection to it; -1 and *err. */
int remote_server_connect(const struct remote_image *image, error **err);
/* Replaces *err with its message, if it wrote one. Always -1. */
int remote_server_said(struct remote_image *image, error **err);

/* --- remote-unpack.c --- */

/* Opens the packed image. What is compressed is unpacked by a program, as the sandboxed user and
 * confined, into a file without a name. 0; -1 and *err: ERROR_CORRUPT, ERROR_UNSUPPORTED (the
 * program is missing), ERROR_REFUSED (no room). */
int remote_unpack(struct remote_image *image, const struct sandbox *box, error **err);

/* --- remote-probe.c --- */

/* Reads the image's first bytes, and closes that connection. Names in it are not followed. Fills
 * format and size of the report; of a file also where the image lies in it: that of an archive is
 * looked for. */
int remote_probe(struct remote_image *image, remote_report *report, error **err);
int remote_probe_file(struct remote_image *image, remote_report *report, error **err);

#endif
