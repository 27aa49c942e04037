/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time, monotonic, in microseconds. Deadlines are points of this clock and are passed down. */
#ifndef VLT_CLOCK_H
#define VLT_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND ((uint64_t)1000000)
#define CLOCK_NEVER UINT64_MAX

static inline uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec / 1000;
}

/* What is left until the deadline as poll(2) wants it: milliseconds, rounded up, 0 when it has
 * passed, -1 for CLOCK_NEVER. */
static inline int clock_poll_timeout(uint64_t deadline)
{
    if (deadline == CLOCK_NEVER)
        return -1;
    uint64_t now = clock_now();
    uint64_t left = deadline > now ? (deadline - now + 999) / 1000 : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

#endif
