/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The workers of a run, as the supervisor sees them: what each is doing, what it was given, and
 * when it must have answered. It knows nothing of lists and output. */
#ifndef VLT_WORKER_HANDLE_H
#define VLT_WORKER_HANDLE_H

#include "guest-queue.h"
#include "wire/frame.h"
#include "worker.h"

enum worker_handle_state {
    WORKER_HANDLE_STARTING,  /* its appliance is coming up */
    WORKER_HANDLE_READY,     /* takes guests */
    WORKER_HANDLE_EMPTYING,  /* detaches its disks, then takes guests again */
    WORKER_HANDLE_FINISHING, /* takes no more; answers what it has */
    WORKER_HANDLE_ENDED      /* to be reaped */
};

/* A guest whose disks are on their way to the worker. */
struct handover {
    struct entry *entry; /* NULL: none */
    bool connecting;     /* to its remote images: their chains are not there yet */
    bool grows;          /* it waits for its turn: it is to be opened no sooner than it is read */
    struct image_chain *chains[SLOT_COUNT];
    bool keys_sent; /* the guest's own */
    size_t sent, count;
};

/* What has happened to a worker that the supervisor has still to act on. */
enum worker_event_kind {
    WORKER_EVENT_NONE,
    WORKER_EVENT_CONNECTED,   /* the remote images of its handover are there: that goes on */
    WORKER_EVENT_UNREACHABLE, /* it takes no orders any more */
    WORKER_EVENT_GUEST,       /* `guest` has failed, and the worker is to be ended for it */
    WORKER_EVENT_FAILED,      /* its appliance has failed, or what it says cannot be believed */
    WORKER_EVENT_VANISHED,    /* it has ended without a report of why */
    WORKER_EVENT_FINISHED     /* it was told to finish, and has */
};

struct worker_event {
    enum worker_event_kind kind;
    struct entry *guest; /* WORKER_EVENT_GUEST, … */
    enum status status;  /* … and what it is answered with */
    char why[MAX_MESSAGE + 1];
};

struct worker_handle {
    struct worker process; /* its process: warden, orders, reports */
    enum worker_handle_state state;
    char *root;
    frame_reader *reader;
    uint64_t deadline;  /* of starting, emptying, and ending when all is answered; CLOCK_NEVER
                           otherwise. That of a guest is the supervisor's */
    bool waits;         /* for ORDER_START */
    bool last;          /* it has been given the last guest that it will be */
    bool large;         /* its appliance has APPLIANCE_MEMORY_LARGE … */
    bool grows;         /* … or it has less, and there are such */
    unsigned used;      /* slots that have been occupied since it was last empty */
    unsigned scanned;   /* guests it was ever given */
    unsigned answered;  /* … and has answered for */
    struct entry trust; /* of the guests that it was given: what guest_queue_may_share() compares;
                           owns its directory */
    bool has_trust;
    struct handover handover;
    struct entry *given[WORKER_GUESTS_MAX]; /* in order; given[0] is the one whose turn it is */
    size_t given_count;
    bool readable, writable; /* after the last wait: its reports; its orders, where that matters */
    struct worker_event event;
};

/* Raises an event, unless there is one that has not been acted on. `why`: NULL is "". */
void worker_handle_raise(struct worker_handle *worker, enum worker_event_kind kind,
                         const char *why);
void worker_handle_raise_guest(struct worker_handle *worker, struct entry *guest,
                               enum status status, const char *why);
/* Whether there is nothing to act on. */
bool worker_handle_undisturbed(const struct worker_handle *worker);

/* Sends what the socket takes of the handover. 1: all of it, and the order to ask; 0: the rest
 * waits for POLLOUT; -1: the worker is lost. */
int worker_handle_hand_over(struct worker_handle *worker);

/* Opens the entry's images for the worker, and asks for the connections of remote ones. 0; -1 and
 * *err, which is what the guest is answered with. */
int worker_handle_take_on(struct worker_handle *worker, struct entry *entry,
                          enum backing_policy policy, const char *snapshot, error **err);
void worker_handle_drop_handover(struct worker_handle *worker);
/* Takes connections of remote images that have come. 1: all are there; 0: not yet; -1 and *err,
 * which is what the guest is answered with. */
int worker_handle_connect(struct worker_handle *worker, error **err);

/* The guest of that number, if the worker may answer for it: it has all the guest's disks, and has
 * not answered yet. NULL otherwise. */
struct entry *worker_handle_find(const struct worker_handle *worker, uint64_t guest);
/* Takes an answered guest out of given[]. */
void worker_handle_answered(struct worker_handle *worker, const struct entry *entry);

/* Whether there are disks that it could be sent. */
bool worker_handle_sending(const struct worker_handle *worker);

/* Whether it owes an answer. */
bool worker_handle_working(const struct worker_handle *worker);

/* Starts the clock of given[0], if there is one and its clock does not run yet. */
void worker_handle_begin_turn(struct worker_handle *worker);
/* Microseconds since the guest's turn began; 0: it had none. */
uint64_t worker_handle_since_turn(const struct entry *entry);

/* Sets the worker's trust domain to that of the guest. 0 or -1: no memory. */
int worker_handle_set_trust(struct worker_handle *worker, const struct entry *entry);

#endif
