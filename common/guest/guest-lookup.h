/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that a hypervisor knows, one at a time as they are found.
 *
 * A separate process looks them up, because a libvirt connection may hang, starts threads, and
 * reads the answers of another host; the supervisor must neither wait for it nor have its threads
 * when it forks. That process is no child of ours, because it may start a session's libvirt daemon,
 * and the supervisor kills all its descendants. It ends when the pipe is closed, by us or by our
 * death. */
#ifndef VLT_GUEST_LOOKUP_H
#define VLT_GUEST_LOOKUP_H

#include "guest.h"

/* What to look up. */
struct guest_lookup_query {
    const char *uri;          /* of the hypervisor; NULL: libvirt's default */
    const char *const *names; /* or UUIDs, each one guest; */
    size_t count;
    const char *const *pools; /* storage pools, each volume of which is a guest; */
    size_t pool_count;        /* 0, as count: all guests there are */
    bool trace;               /* calls to libvirt are told */
    bool live;                /* running guests are to be read from backups (guest.h) */
};

/* --- the process that looks --- */

typedef struct guest_lookup_teller guest_lookup_teller;

/* Each returns 0, or -1: the reader has gone. A trace may have any bytes. */
int guest_lookup_tell_guest(guest_lookup_teller *teller, const struct guest *guest);
int guest_lookup_tell_trace(guest_lookup_teller *teller, const char *text);
/* All volumes of the next pool have been told. */
int guest_lookup_tell_pool_end(guest_lookup_teller *teller);

/* Tells each guest; where names were given, one guest for each name, in their order, and a refused
 * one where no guest has the name; then the volumes of each pool, and its end. 0; -1 and *err: it
 * cannot go on, and the rest was not told. */
typedef int (*guest_lookup_work)(const struct guest_lookup_query *query,
                                 guest_lookup_teller *teller, error **err);

/* --- the process that wants to know --- */

typedef struct guest_lookup guest_lookup;

/* Starts work(query) in a process. timeout: seconds that we wait for its next message; 0: for ever.
 * NULL and *err. Call it before this process becomes a child subreaper. */
guest_lookup *guest_lookup_start(guest_lookup_work work, const struct guest_lookup_query *query,
                                 unsigned timeout, error **err);
void guest_lookup_free(guest_lookup *self); /* ends it */

enum guest_lookup_next {
    GUEST_LOOKUP_GUEST,
    GUEST_LOOKUP_TRACE,
    GUEST_LOOKUP_POOL_END,
    GUEST_LOOKUP_WAIT,
    GUEST_LOOKUP_END
};

/* The next guest, or a trace's text (new memory), now the caller's. GUEST_LOOKUP_WAIT: poll
 * guest_lookup_fd() for POLLIN until guest_lookup_deadline() first. GUEST_LOOKUP_END: no more; with
 * *err where that is not all: ERROR_UNREADABLE, ERROR_TIMEOUT, or ERROR_MEMORY.
 * Never blocks. */
enum guest_lookup_next guest_lookup_next(guest_lookup *self, struct guest **guest, char **text,
                                         error **err);

int guest_lookup_fd(const guest_lookup *self);
uint64_t guest_lookup_deadline(const guest_lookup *self); /* of clock.h; CLOCK_NEVER */

static inline void cleanup_guest_lookup(guest_lookup **self)
{
    guest_lookup_free(*self);
}
#define AUTO_GUEST_LOOKUP CLEANUP(cleanup_guest_lookup)

#endif
