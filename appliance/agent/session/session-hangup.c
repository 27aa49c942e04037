/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-hangup.h"
#include "base/clock.h"
#include <signal.h>
#include <string.h>

#define GRACE (2 * CLOCK_SECOND)

struct leaving {
    pid_t session;
    uint64_t deadline;
};

struct session_hangup {
    struct event_loop_watcher timer;
    struct leaving *list; /* in the order of their deadlines */
    size_t count;
    size_t room;
};

static void set_timer(const session_hangup *self)
{
    if (self->count == 0)
        return;
    int left = clock_poll_timeout(self->list[0].deadline);
    event_loop_timer_set(&self->timer, left > 0 ? (uint64_t)left : 1);
}

/* That all of a session have gone, and a new one has its number, would take a round through all
 * process numbers in 2 s. */
static void on_timer(void *owner, uint32_t events)
{
    session_hangup *self = owner;
    uint64_t now = clock_now();
    size_t due = 0;
    (void)events;
    while (due < self->count && self->list[due].deadline <= now)
        session_process_signal_session(self->list[due++].session, SIGKILL);
    self->count -= due;
    memmove(self->list, self->list + due, self->count * sizeof *self->list);
    set_timer(self);
}

session_hangup *session_hangup_new(event_loop *events)
{
    session_hangup *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->timer = (struct event_loop_watcher){.fd = -1, .ready = on_timer, .owner = self};
    if (event_loop_timer(events, &self->timer) == 0)
        return self;
    free(self);
    return NULL;
}

void session_hangup_add(session_hangup *self, const struct session_process *process)
{
    session_process_signal(process, SIGHUP);
    session_process_signal(process, SIGCONT); /* one that is stopped would not hear it */
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 8;
        struct leaving *larger = reallocarray(self->list, room, sizeof *larger);
        if (!larger) {
            session_process_signal(process, SIGKILL);
            return;
        }
        self->list = larger;
        self->room = room;
    }
    self->list[self->count++] =
        (struct leaving){.session = process->pid, .deadline = clock_now() + GRACE};
    if (self->count == 1)
        set_timer(self);
}
