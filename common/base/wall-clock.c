/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall-clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND ((uint64_t)1000000000)

uint64_t wall_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

int wall_clock_set(uint64_t time)
{
    struct timespec now = {.tv_sec = (time_t)(time / SECOND), .tv_nsec = (long)(time % SECOND)};
    return clock_settime(CLOCK_REALTIME, &now) < 0 ? -errno : 0;
}

/* Linux cancels only timers that are for a point of the clock: the next one is set each time. */
static int set_alarm(int fd, unsigned seconds)
{
    struct itimerspec when = {{0}, {0}};
    clock_gettime(CLOCK_REALTIME, &when.it_value);
    when.it_value.tv_sec += seconds;
    int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    return timerfd_settime(fd, flags, &when, NULL) < 0 ? -errno : 0;
}

int wall_clock_open(unsigned seconds)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    int result = set_alarm(fd, seconds);
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

int wall_clock_heard(int fd, unsigned seconds)
{
    uint64_t times;
    /* ECANCELED: the clock was set. */
    if (read(fd, &times, sizeof times) < 0 && errno != ECANCELED && errno != EAGAIN)
        return -errno;
    return set_alarm(fd, seconds);
}
