/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs that serve an image over NBD, and how one is started. Private to remote*.c. */
#ifndef VLT_REMOTE_SERVER_H
#define VLT_REMOTE_SERVER_H

#include "remote-process.h"

#define REMOTE_ARGUMENTS_MAX 15
#define REMOTE_PASSWORD_FD                                                                         \
    4 /* where the program reads the URI's password; its listening socket is 3 */

/* Of a program: new memory, which is not freed, as exec() follows. */
struct remote_arguments {
    char *words[REMOTE_ARGUMENTS_MAX + 1];
    size_t count;
    bool failed;
};

void remote_arguments_add(struct remote_arguments *arguments,
                          char *word); /* takes it over; NULL: no memory */

struct remote_program {
    const char *reads;     /* for messages */
    const char *complaint; /* what stands before an error in what it says */
    void (*make_arguments)(const struct remote_uri *uri, struct remote_arguments *arguments);
    /* Whether it has to read what is the user's own. Otherwise it runs as the sandboxed user. */
    bool (*as_user)(const struct remote_uri *uri);
};

extern const struct remote_program remote_nbdkit_curl, remote_nbdkit_ssh; /* remote-nbdkit.c */
extern const struct remote_program remote_qemu_nbd_iscsi,
    remote_qemu_nbd_rbd; /* remote-qemu-nbd.c */

#endif
