/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's remote images, in the care of a process of their own: looking a name up, connecting and
 * hearing a server can take for ever, and the supervisor has no time for that.
 *
 * QEMU connects nowhere. It gets a socket that is connected to an NBD server already. For nbd and
 * nbd+unix that is the user's; http, https and ssh are read by an nbdkit that the process starts,
 * and that lives as long as this object. What the images begin with is read first, by a process
 * without root's rights, through a connection of its own. QEMU's is made when it is wanted: a
 * server may close one on which nothing is said for some seconds. */
#ifndef VLT_REMOTE_H
#define VLT_REMOTE_H

#include "guest/guest.h"
#include "process/sandbox.h"
#include <sys/types.h>

typedef struct remote remote;

/* What the run has for such a process; it must last as long. */
struct remote_means {
    const struct sandbox *box;
    const char *directory; /* of the run: nbdkit's socket is there for a moment */
    int keeper;            /* who makes the backup of one that is live (backup_fd()), or -1 */
};

/* Starts the process for those images of the guest that have a URI. NULL and *err. */
remote *remote_start(const struct guest *guest, const struct remote_means *means, error **err);

/* Readable: remote_hear() has something to do. */
int remote_fd(const remote *self);
pid_t remote_pid(const remote *self);      /* the caller reaps it, and need not care when */
uint64_t remote_since(const remote *self); /* clock_now() when it was started */

/* 1: all images have been looked at, or, after remote_request(), are connected; 0: not yet; -1 and
 * *err: what the guest is to be answered. Not after it was 1, but for that request. All that has
 * come is heard, at most a report for each image, and not believed more than it must be. */
int remote_hear(remote *self, error **err);
/* Whether that was because the process has ended without a word: somebody killed it. */
bool remote_vanished(const remote *self);

/* Microseconds that looking at them took. */
uint64_t remote_took(const remote *self);

/* Asks for QEMU's connections. 0 or -1 and *err. */
int remote_request(remote *self, error **err);

/* The guest's image of that index; the caller's. NULL: not connected yet, taken, or it has no URI.
 */
struct image_chain *remote_take(remote *self, size_t index);

/* Ends the process and all that serves the images. NULL is fine. */
void remote_free(remote *self);

#endif
