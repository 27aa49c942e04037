/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors to wait for, collected anew for each wait. Each is added with a bool that says
 * afterwards whether it is ready, so callers keep no positions in the set.
 *
 * This is poll(2) and not the agent's epoll (appliance/agent/util/event-loop.h), because the host's
 * processes fork: an epoll reports a descriptor until its last copy is closed, in any process, and
 * the code that closes one does not know which sets it is in. */
#ifndef VLT_POLL_SET_H
#define VLT_POLL_SET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Descriptors in a set, at most. */
#define POLL_SET_MAX 320

/* Begins as all zero bytes. */
struct poll_set {
    struct pollfd fds[POLL_SET_MAX];
    bool *ready[POLL_SET_MAX];
    size_t count;
};

/* fd -1 is never ready. events as poll(2) has them; an error or a hang-up of the descriptor is
 * ready, too. `ready` (NULL: it only ends the wait) is false until poll_set_wait() has set it. A
 * set that is full takes no more: bound what is added by POLL_SET_MAX. */
void poll_set_add(struct poll_set *self, int fd, short events, bool *ready);

/* Waits for one of them, a signal, or the deadline (clock.h). 0 or -errno. */
int poll_set_wait(struct poll_set *self, uint64_t deadline);

#endif
