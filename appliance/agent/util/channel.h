/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel to a host: a virtio-serial port, or in tests a socket. The agent's own and those of the
 * sessions differ only in what is said on them.
 *
 * A virtio port outlives its host end. While nobody is connected, poll says HUP and readable for
 * ever and read returns 0 (drivers/char/virtio_console.c: port_fops_poll, will_read_block), so a
 * level-triggered wait would spin. But the driver wakes the port's wait queue whenever the host end
 * opens or closes (handle_control_message, VIRTIO_CONSOLE_PORT_OPEN), when data come and when sent
 * buffers come back. So an edge-triggered epoll, asked for EPOLLIN and EPOLLOUT, reports each of
 * these once with the state of that moment: with HUP the host is gone, without it is there. No
 * sleep, no SIGIO.
 *
 * A host that has gone and the next one that comes may be one event, or two that are seen late, and
 * the driver keeps what the first one sent. So a host calls (FRAME_CALL), and only that begins its
 * stream: what came before is nobody's any more.
 *
 * After a save and a restore the driver hears of a change of the host end only if it was connected
 * at one and not at the other. A template must therefore be saved when no frame is under way. */
#ifndef VLT_AGENT_CHANNEL_H
#define VLT_AGENT_CHANNEL_H

#include "base/cleanup.h"
#include <rpc/xdr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct channel channel;

/* Takes over the descriptor and makes it non-blocking. NULL: no memory, errno. */
channel *channel_new(int fd);
void channel_free(channel *link);

/* What to ask of epoll. */
uint32_t channel_interest(void);

/* Takes note of what epoll said. 1: the host is there; 0: it is not. */
int channel_event(channel *link, uint32_t events);
bool channel_connected(const channel *link);

/* The host end is gone: everything half-received or not yet sent is dropped, and what is read is
 * not heard until a host calls. */
void channel_drop(channel *link);
/* Nothing more is heard until a host calls; what is queued is still sent. */
void channel_dismiss(channel *link);
/* How many hosts have called so far. */
unsigned channel_calls(const channel *link);

/* The next message of that type, all of its `size` bytes zero before: 1, and xdr_free() is the
 * caller's. 0: none now, there will be an event. -EPIPE: the stream has ended. -EBADMSG: what came
 * is no such message. -errno. */
int channel_receive(channel *link, xdrproc_t proc, void *next, size_t size);

/* Queues a message; channel_flush() sends it. -errno. */
int channel_send(channel *link, xdrproc_t proc, const void *message);

/* 0: nothing waits to be sent; 1: the host does not take more now, there will be an event. -errno.
 */
int channel_flush(channel *link);
/* Whether something waits to be sent. */
bool channel_pending(const channel *link);

#endif
