/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread, one epoll: every descriptor that is waited for has a function of its own. */
#ifndef VLT_AGENT_EVENT_LOOP_H
#define VLT_AGENT_EVENT_LOOP_H

#include "base/cleanup.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct event_loop event_loop;

/* Must stay where it is as long as the loop runs: an event may have been fetched already when it is
 * forgotten, and is then not delivered. */
struct event_loop_watcher {
    int fd;                                      /* -1: closed */
    void (*ready)(void *owner, uint32_t events); /* as epoll says them; may come for nothing */
    void *owner;
    uint32_t interest; /* the loop's */
};

event_loop *event_loop_new(void); /* NULL: errno */

/* What is waited for from now on, EPOLLIN, EPOLLOUT, EPOLLET; 0: nothing, not even a hang-up. 0 or
 * -errno. */
int event_loop_watch(event_loop *events, struct event_loop_watcher *what, uint32_t interest);
/* Forgets and closes it, if it is open. */
void event_loop_close(event_loop *events, struct event_loop_watcher *what);

/* A timer is a watcher; it is ready once, when its time has come. 0 or -errno. */
int event_loop_timer(event_loop *events, struct event_loop_watcher *timer);
/* In so many milliseconds from now; 0: not at all. */
void event_loop_timer_set(const struct event_loop_watcher *timer, uint64_t milliseconds);

/* Waits and delivers; `after` is called each time that has been done. Comes back only with -errno.
 */
int event_loop_run(event_loop *events, void (*after)(void *owner), void *owner);

#endif
