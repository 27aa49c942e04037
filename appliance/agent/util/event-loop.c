/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "event-loop.h"
#include <sys/timerfd.h>

#define BATCH 16

struct event_loop {
    int epoll;
};

event_loop *event_loop_new(void)
{
    event_loop *events = malloc(sizeof *events);
    if (!events)
        return NULL;
    events->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (events->epoll < 0) {
        free(events);
        return NULL;
    }
    return events;
}

int event_loop_watch(event_loop *events, struct event_loop_watcher *what, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = what};
    int how = what->interest == 0 ? EPOLL_CTL_ADD : interest ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    if (what->interest == interest || what->fd < 0)
        return 0;
    if (epoll_ctl(events->epoll, how, what->fd, &event) < 0)
        return -errno;
    what->interest = interest;
    return 0;
}

void event_loop_close(event_loop *events, struct event_loop_watcher *what)
{
    if (what->fd < 0)
        return;
    event_loop_watch(events, what, 0);
    what->interest = 0;
    close(steal_fd(&what->fd));
}

int event_loop_timer(event_loop *events, struct event_loop_watcher *timer)
{
    timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer->fd < 0)
        return -errno;
    /* Edge-triggered: it is reported once, and need not be read. */
    return event_loop_watch(events, timer, EPOLLIN | EPOLLET);
}

void event_loop_timer_set(const struct event_loop_watcher *timer, uint64_t milliseconds)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(milliseconds / 1000),
                                           .tv_nsec = (long)(milliseconds % 1000) * 1000000}};
    timerfd_settime(timer->fd, 0, &when, NULL);
}

int event_loop_run(event_loop *events, void (*after)(void *owner), void *owner)
{
    struct epoll_event batch[BATCH];
    for (;;) {
        int count = epoll_wait(events->epoll, batch, BATCH, -1);
        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++) {
            struct event_loop_watcher *what = batch[i].data.ptr;
            if (what->interest != 0)
                what->ready(what->owner, batch[i].events);
        }
        after(owner);
    }
}
