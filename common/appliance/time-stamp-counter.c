/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time-stamp-counter.h"

#ifdef __x86_64__

#include "base/clock.h"
#include <errno.h>
#include <stddef.h>
#include <x86intrin.h>

/* The clock's microseconds are 200 millionths of this, at both ends. */
#define INTERVAL_NS 5000000

/* Of so many looks the shortest is taken: the others may have been interrupted. */
#define LOOKS 16

/* Slower and faster counters than any x86 processor's, with room on both sides. */
#define KHZ_MIN 100000
#define KHZ_MAX 20000000

struct look {
    uint64_t time; /* microseconds */
    uint64_t ticks;
};

static struct look look(void)
{
    struct look best = {0};
    uint64_t shortest = UINT64_MAX;
    for (size_t i = 0; i < LOOKS; i++) {
        uint64_t before = clock_now(), ticks = __rdtsc(), after = clock_now();
        if (after - before < shortest) {
            shortest = after - before;
            best = (struct look){before + shortest / 2, ticks};
        }
    }
    return best;
}

unsigned time_stamp_counter_khz(void)
{
    struct timespec interval = {.tv_nsec = INTERVAL_NS};
    struct look first = look();
    while (nanosleep(&interval, &interval) < 0 && errno == EINTR)
        ;
    struct look last = look();
    if (last.time <= first.time || last.ticks <= first.ticks)
        return 0;
    uint64_t khz = (last.ticks - first.ticks) * 1000 / (last.time - first.time);
    return khz >= KHZ_MIN && khz <= KHZ_MAX ? (unsigned)khz : 0;
}

#else

unsigned time_stamp_counter_khz(void)
{
    return 0;
}

#endif
