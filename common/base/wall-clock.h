/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time of day (CLOCK_REALTIME), in nanoseconds since 1970-01-01 UTC: only to be told to an
 * appliance. Deadlines are points of the other clock (clock.h). */
#ifndef VLT_WALL_CLOCK_H
#define VLT_WALL_CLOCK_H

#include <stdint.h>

/* 0 where the clock stands before 1970. */
uint64_t wall_clock_now(void);

/* Sets this machine's clock. 0 or -errno; -EINVAL: the kernel's clock cannot have that time. */
int wall_clock_set(uint64_t time);

/* A descriptor that becomes readable every so many seconds, at most a day, and whenever this
 * machine's clock is set or the machine wakes from suspend. -errno. */
int wall_clock_open(unsigned seconds);
/* Takes notice, so that it is not readable any more until the next time. 0 or -errno. */
int wall_clock_heard(int fd, unsigned seconds);

#endif
