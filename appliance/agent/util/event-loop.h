/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread, one epoll: the loop calls a function of its own for each watched descriptor. */
#ifndef VLT_AGENT_EVENT_LOOP_H
#define VLT_AGENT_EVENT_LOOP_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct event_loop event_loop;

/* Must not move while the loop runs. An event that was fetched before the watcher is closed is not
 * delivered. */
struct event_loop_watcher {
    int fd;                                      /* -1: closed */
    void (*ready)(void *owner, uint32_t events); /* as epoll says them; may come for nothing */
    void *owner;
    uint32_t interest; /* the loop's */
};

event_loop *event_loop_new(void); /* NULL: errno */

/* Sets the events to wait for: EPOLLIN, EPOLLOUT, EPOLLET; 0: none, not even a hang-up. 0 or
 * -errno. */
int event_loop_watch(event_loop *events, struct event_loop_watcher *what, uint32_t interest);
/* Stops watching the descriptor and closes it, if it is open. */
void event_loop_close(event_loop *events, struct event_loop_watcher *what);

/* A timer is a watcher; it is ready once, when its time is up. 0 or -errno. */
int event_loop_timer(event_loop *events, struct event_loop_watcher *timer);
/* Milliseconds from now; 0: turns it off. */
void event_loop_timer_set(const struct event_loop_watcher *timer, uint64_t milliseconds);

/* Waits for events, calls their functions, then `after`, for ever. Returns only on failure, -errno.
 */
int event_loop_run(event_loop *events, void (*after)(void *owner), void *owner);

#endif
