/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An NBD server on a Unix socket, in a process of its own; every export is there, FAKE_NBD_SIZE
 * bytes of zeros. Source: the NBD project's doc/proto.md (fixed newstyle, without TLS). */
#ifndef VLT_TEST_FAKE_NBD_H
#define VLT_TEST_FAKE_NBD_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_NBD_SIZE 4096

enum fake_nbd_way {
    FAKE_NBD_GOOD,
    FAKE_NBD_SILENT, /* accepts, and says nothing */
    FAKE_NBD_RUDE,   /* accepts, and closes */
    FAKE_NBD_ONCE    /* serves the first connection, and accepts no other */
};

struct fake_nbd {
    pid_t pid;
    atomic_uint connections; /* so far */
};

/* In shared memory. Aborts where it cannot be made. */
struct fake_nbd *fake_nbd_start(const char *path, enum fake_nbd_way way);
/* Kills it, and all that serves its connections. */
void fake_nbd_end(struct fake_nbd *self);

#endif
