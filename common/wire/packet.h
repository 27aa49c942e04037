/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of worker.x with descriptors beside them, over a SOCK_SEQPACKET: one a packet. */
#ifndef VLT_PACKET_H
#define VLT_PACKET_H

#include "frame.h"
#include "wire/worker.h"
#include <stddef.h>

/* The largest message: all keys of the run, and a few words. */
#define PACKET_MAX (KEYS_MAX + 64)

/* Sends a message with at most MAX_LAYERS descriptors, which stay the caller's. 0; -EAGAIN when the
 * socket is full; another -errno. */
int packet_send(int fd, xdrproc_t proc, const void *message, const int *fds, size_t fd_count);

/* Receives one, without waiting, into *message, which must be all zero and of `size` bytes. 1: the
 * message and its descriptors, which have close-on-exec set, are the caller's; 0: the other end is
 * closed; -EAGAIN; -EBADMSG: not such a message; another -errno. */
int packet_receive(int fd, xdrproc_t proc, void *message, size_t size, int fds[MAX_LAYERS],
                   size_t *fd_count);

/* Waits for one and closes its descriptors. Returns as packet_receive(), but never -EAGAIN. */
int packet_await(int fd, xdrproc_t proc, void *message, size_t size);

#endif
