/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's remote images, connected by a separate process: looking up a name, connecting and
 * waiting for a server can take for ever, and the supervisor must not block.
 *
 * QEMU makes no connections. It gets a socket that is already connected to an NBD server. For nbd
 * and nbd+unix that is the user's server; for http, https and ssh it is an nbdkit that the process
 * starts, and that lives as long as this object. First a process without root's rights reads the
 * images' first bytes through a connection of its own. QEMU's connection is made when QEMU needs
 * it, because a server may close an idle connection after some seconds. */
#ifndef VLT_REMOTE_H
#define VLT_REMOTE_H

#include "guest/guest.h"
#include "process/sandbox.h"
#include <sys/types.h>

typedef struct remote remote;

/* What all such processes of a run need; it must outlive them. */
struct remote_means {
    const struct sandbox *box;
    const char *directory; /* of the run: nbdkit's socket is in it for a moment */
    int keeper;            /* makes backups of live guests (backup_fd()); or -1 */
};

/* Starts the process for those images of the guest that have a URI. NULL and *err. */
remote *remote_start(const struct guest *guest, const struct remote_means *means, error **err);

/* Readable: remote_hear() has something to do. */
int remote_fd(const remote *self);
pid_t remote_pid(const remote *self);      /* the caller reaps it, at any time */
uint64_t remote_since(const remote *self); /* clock_now() when it was started */

/* 1: all images have been examined or, after remote_request(), are connected; 0: not yet; -1 and
 * *err: the guest's answer. Not to be called again after 1, until remote_request(). Reads all
 * reports that have come, at most one for each image, and checks them. */
int remote_hear(remote *self, error **err);
/* Whether remote_hear() failed because the process ended without a report, so that it must have
 * been killed. */
bool remote_vanished(const remote *self);

/* Microseconds that examining them took. */
uint64_t remote_took(const remote *self);

/* Asks for QEMU's connections. 0 or -1 and *err. */
int remote_request(remote *self, error **err);

/* The guest's image `index`, connected; the caller's. NULL: not connected yet, already taken, or
 * without a URI. */
struct image_chain *remote_take(remote *self, size_t index);

/* Ends the process and the nbdkits that serve the images. NULL is fine. */
void remote_free(remote *self);

#endif
