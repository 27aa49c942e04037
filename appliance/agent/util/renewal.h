/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an appliance must get from its host when it has been restored, before it does anything else.
 * All appliances of one template draw the same random numbers from where it was saved, and their
 * clocks go on from there. */
#ifndef VLT_AGENT_RENEWAL_H
#define VLT_AGENT_RENEWAL_H

#include "wire/protocol.h"
#include <stdbool.h>

typedef struct renewal renewal;

/* `real`: the kernel's generator and clock. Otherwise nothing is touched. NULL: no memory. */
renewal *renewal_new(bool real);

/* Stirs the seed into the kernel's random number generator, makes that start anew from it, and sets
 * the clock. The seed is overwritten. 0 or -errno, and *what failed. */
int renewal_take(renewal *self, struct renew_args *fresh, const char **what);

/* Whether that has been done. */
bool renewal_is_done(const renewal *self);

/* The appliance is going to be saved: those that are restored from it must have it done again. */
void renewal_expire(renewal *self);

/* Sets the clock by the host's, if it differs by more than the way of a message explains
 * (renewal_clock_differs()). 0 or -errno. */
int renewal_set_clock(renewal *self, uint64_t host);

/* Whether a guest's clock that shows `guest` is to be set when the host says that it is, or was,
 * `host`. Pure. */
bool renewal_clock_differs(uint64_t guest, uint64_t host);

#endif
