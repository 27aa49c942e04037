/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel to a host: a virtio-serial port, or in tests a socket. The agent's own and those of the
 * sessions differ only in their messages.
 *
 * A virtio port outlives its host end. While no host is connected, poll says HUP and readable for
 * ever and read returns 0 (drivers/char/virtio_console.c: port_fops_poll, will_read_block), so a
 * level-triggered wait would spin. But the driver wakes the port's wait queue whenever the host end
 * opens or closes (handle_control_message, VIRTIO_CONSOLE_PORT_OPEN), when data come and when sent
 * buffers come back. So an edge-triggered epoll, asked for EPOLLIN and EPOLLOUT, reports each of
 * these once with the state of that moment: with HUP the host is gone, without it is there. No
 * sleep, no SIGIO.
 *
 * The end of one host and the arrival of the next may be one event, or two that are seen late, and
 * the driver keeps the bytes of the first. So each host sends FRAME_CALL first, and the channel
 * drops all bytes before it.
 *
 * Data and the news that a host has come or gone take different ways through the driver: data are
 * there at once, the news when one of its workers has run. So a port may have a host's call before
 * the driver knows of that host, while it says that none is connected. It is not read then: with
 * the end of the former host, which the agent is still to hear of, it would forget this call. And
 * where the driver has not even heard of the former host's end, the agent that hears a second call
 * sleeps for CHANNEL_NEWS: the driver's worker runs meanwhile, and epoll then says what is true.
 * (Seen with Linux 7.2, and virt-hotplug commands given at the same time.)
 *
 * After a restore the driver sees a change of the host end only if it was connected at the save and
 * is not at the restore, or the reverse. So a template must be saved when no frame is under way. */
#ifndef VLT_AGENT_CHANNEL_H
#define VLT_AGENT_CHANNEL_H

#include "base/cleanup.h"
#include <rpc/xdr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_NEWS 20 /* milliseconds */

typedef struct channel channel;

/* Takes over the descriptor and makes it non-blocking. NULL: no memory, errno. */
channel *channel_new(int fd);
void channel_free(channel *link);

/* The events to ask epoll for. */
uint32_t channel_interest(void);

/* Records epoll's events. 1: a host is connected; 0: none is. */
int channel_event(channel *link, uint32_t events);
bool channel_connected(const channel *link);

/* The host end is gone: drops everything half-received or not yet sent, and ignores input until a
 * host calls. */
void channel_drop(channel *link);
/* Ignores input until a host calls; queued messages are still sent. */
void channel_dismiss(channel *link);
/* How many hosts have called so far. */
unsigned channel_calls(const channel *link);

/* Receives the next message of that type into `size` zero bytes: 1, and the caller calls
 * xdr_free(). 0: none yet, an event will follow. -EPIPE: the stream has ended. -EBADMSG: not such a
 * message. -errno. */
int channel_receive(channel *link, xdrproc_t proc, void *next, size_t size);

/* Queues a message; channel_flush() sends it. -errno. */
int channel_send(channel *link, xdrproc_t proc, const void *message);

/* 0: the queue is empty; 1: the host takes no more now, an event will follow. -errno. */
int channel_flush(channel *link);
/* Whether the queue is not empty. */
bool channel_pending(const channel *link);

#endif
