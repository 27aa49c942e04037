/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "poll-set.h"

#include "clock.h"
#include <errno.h>

void poll_set_add(struct poll_set *self, int fd, short events, bool *ready)
{
    if (ready)
        *ready = false;
    if (self->count == POLL_SET_MAX)
        return;
    self->fds[self->count] = (struct pollfd){fd, events, 0};
    self->ready[self->count++] = ready;
}

int poll_set_wait(struct poll_set *self, uint64_t deadline)
{
    if (poll(self->fds, self->count, clock_poll_timeout(deadline)) < 0)
        return errno == EINTR ? 0 : -errno;
    for (size_t i = 0; i < self->count; i++)
        if (self->ready[i])
            *self->ready[i] = self->fds[i].revents != 0;
    return 0;
}
