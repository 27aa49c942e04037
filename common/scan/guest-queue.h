/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests between the list and the output, in the order of the list: which of them may share an
 * appliance, which is next, which have been answered. No I/O, except that freeing a guest frees its
 * answer, with its spool, and its connections.
 *
 * The queue holds at most GUEST_QUEUE_WINDOW guests, so memory does not grow with the list, and
 * guests of one trust domain can share an appliance although others stand between them. It holds
 * fewer where names or answers are long: together they have GUEST_QUEUE_BYTES. */
#ifndef VLT_GUEST_QUEUE_H
#define VLT_GUEST_QUEUE_H

#include "guest/guest.h"
#include "question.h"
#include "remote/remote.h"
#include "supervisor.h"
#include "wire/protocol.h"

#define GUEST_QUEUE_WINDOW 2048
/* Bytes of names and answers in it. A single guest may have more. */
#define GUEST_QUEUE_BYTES ((uint64_t)64 << 20)

typedef struct guest_queue guest_queue;

enum entry_state {
    ENTRY_FAR,     /* its remote images are not connected, its packed ones not unpacked */
    ENTRY_OPENING, /* … they are being connected, and unpacked */
    ENTRY_WAITING, /* for an appliance */
    ENTRY_TAKEN,
    ENTRY_ANSWERED
};

/* Of the appliance that a guest is for. */
enum entry_memory {
    MEMORY_USUAL,
    MEMORY_LARGE,  /* APPLIANCE_MEMORY_LARGE: an agent has said that it takes more than the usual */
    MEMORY_NO_MORE /* that is not to be had: it is read as far as the usual goes */
};

/* One guest in the queue. Only guest_queue_…() write it, except for the fields marked below. */
struct entry {
    struct guest *guest;
    enum entry_state state;
    bool far;    /* has images that are remote or packed: it never shares an appliance */
    bool sealed; /* QEMU must open an image with a key, which may take long, or it has keys of its
                    own: the same */
    bool alone;  /* it needs an appliance for itself, as an agent has said: the same */
    enum entry_memory memory; /* not MEMORY_USUAL: the same */
    bool hurried;             /* its time was up while a journal was replayed … */
    u_int replays_in_time;    /* … before which so many had come to an end */
    bool mixed;               /* its images belong to several users: it does not share */
    bool scattered;           /* … or are in several directories: not under ISOLATE_DIRECTORY */
    uid_t uid;                /* its images' */
    gid_t gid;
    char *directory;     /* of its images, as named */
    uint64_t quarantine; /* not 0: an appliance died with it, and it shares only with guests of this
                            number */
    unsigned excused;    /* how often guest_queue_excuse() has given it back without progress */
    uint64_t elapsed;    /* when answered */
    uint64_t bytes;      /* of the answer, in the budget */
    /* The supervisor's, forgotten when the guest waits again. */
    uint64_t turn;                 /* when its turn began, 0: not yet */
    uint64_t timed;                /* … later by the time in which the supervisor did not poll */
    uint64_t connecting;           /* microseconds that connecting to its images took */
    u_int replays;                 /* journals whose replay its agent has begun */
    bool replaying;                /* … and that of the last has not ended */
    remote *connections;           /* of its remote images, from ENTRY_OPENING on; NULL: none */
    struct question_answer answer; /* what has come of it */
};

guest_queue *guest_queue_new(enum isolation isolation); /* NULL: no memory */
void guest_queue_free(guest_queue *self);

bool guest_queue_full(const guest_queue *self); /* it takes no guest, or its bytes are used up */
bool guest_queue_empty(const guest_queue *self);
unsigned guest_queue_waiting(const guest_queue *self); /* guests that wait for an appliance */

/* Appends a guest, which is taken over. NULL: no memory (the guest is freed). Not when full. */
struct entry *guest_queue_add(guest_queue *self, struct guest *guest);

/* The owner of the guest's image `index`, once it is known: call for each image in turn. 0 or -1:
 * no memory. */
int guest_queue_set_owner(struct entry *entry, size_t index, uid_t uid, gid_t gid);

/* Whether the two may be in one appliance. */
bool guest_queue_may_share(const guest_queue *self, const struct entry *a, const struct entry *b);

/* The answers that wait are over the budget. */
bool guest_queue_held_up(const guest_queue *self);

/* The oldest waiting guest that may share an appliance with `like` (NULL: the oldest of all) and
 * has at most `disks` images. NULL: none. While the queue is held up, only the first guest of all
 * may be given to a worker, because the answers of all others wait for its own. */
struct entry *guest_queue_next(guest_queue *self, const struct entry *like, unsigned disks);
/* As guest_queue_next(), of those that wait for a large appliance; all others are for usual ones.
 */
struct entry *guest_queue_next_large(guest_queue *self);
/* How many of guest_queue_waiting() these are. */
unsigned guest_queue_waiting_large(const guest_queue *self);
void guest_queue_take(guest_queue *self, struct entry *entry);
/* Whether an appliance with such a guest gets the next one only when this one has been answered,
 * because a guest of its quarantine has killed an appliance. */
bool guest_queue_one_by_one(const struct entry *like);

/* The oldest guest behind `after` (NULL: of all) that is in this state. NULL: none. */
struct entry *guest_queue_find(const guest_queue *self, enum entry_state state,
                               const struct entry *after);
/* The oldest guest that is to be connected to and can be: one that is read from a backup has one
 * backup at a time, and may stand in the list more than once. NULL: none. */
struct entry *guest_queue_next_far(const guest_queue *self);
/* Whether it is the oldest of all: the answers of all others wait for its own. */
bool guest_queue_is_first(const guest_queue *self, const struct entry *entry);
/* Its images are being connected: it has the connections, which are taken over. */
void guest_queue_open(guest_queue *self, struct entry *entry, remote *connections);
void guest_queue_opened(guest_queue *self,
                        struct entry *entry);              /* they are: it waits for an appliance */
unsigned guest_queue_connections(const guest_queue *self); /* how many guests have some */
/* Whether the process is one that connects for a guest. */
bool guest_queue_owns(const guest_queue *self, pid_t pid);

/* The guest is answered for with what is in entry->answer. */
void guest_queue_answer(guest_queue *self, struct entry *entry, uint64_t elapsed);
/* The guest is answered for with a status and a message; what has come of an answer is dropped. */
void guest_queue_refuse(guest_queue *self, struct entry *entry, enum status status,
                        const char *message, uint64_t elapsed);

/* An appliance died with these guests taken and unanswered, in the order in which they were asked
 * about. They wait again, with fewer others: the first, which was being scanned and is the
 * likeliest culprit, alone; the rest together. The rest is to be given one after the other
 * (guest_queue_one_by_one()), so that the next death leaves a single guest here, which then waits
 * alone. A single guest that had the appliance to itself (`alone`: no other was ever attached) is
 * the culprit and is left for the caller to answer: 1; otherwise 0. */
int guest_queue_put_back(guest_queue *self, struct entry *const *entries, size_t count, bool alone);

/* An appliance stopped answering with these guests taken and unanswered, and the one that was being
 * scanned has been answered for. They wait again, given one by one and never with others: if one of
 * them was the cause, the next time-out is its own. */
void guest_queue_put_apart(guest_queue *self, struct entry *const *entries, size_t count);

/* An appliance was ended with these guests taken and unanswered, and none of them is to blame: they
 * wait again, and may share with the same guests as before. */
void guest_queue_give_back(guest_queue *self, struct entry *const *entries, size_t count);

/* An agent has said that the guest needs an appliance for itself: it waits again for one. */
void guest_queue_put_alone(guest_queue *self, struct entry *entry);

/* … with more memory. */
void guest_queue_put_large(guest_queue *self, struct entry *entry);
/* There is no such appliance: those that wait for one get a usual one, for themselves. */
void guest_queue_no_larger(guest_queue *self);

/* The guest's time was up while a journal of it was replayed: it waits again, apart, and only the
 * replays that were in time are for it. True; false, and nothing has changed: none was under way,
 * or that has happened to it before. */
bool guest_queue_hurry(guest_queue *self, struct entry *entry);

/* As guest_queue_give_back() where the worker was killed from outside: true. False, and nothing has
 * changed, when that has happened to one of them so often that the guest itself may be the cause.
 * `progress`: the worker had answered for a guest, so this time does not count: such ends cannot go
 * on for ever, and a guest that kills its workers will soon be the first one in its worker, which
 * then answers for none. */
bool guest_queue_excuse(guest_queue *self, struct entry *const *entries, size_t count,
                        bool progress);

/* An image of it is packed, as has been found out now: it is far from now on. */
void guest_queue_unpack(guest_queue *self, struct entry *entry);

/* The same for a guest whose connecting process was killed: true, and it will be connected to
 * again. False, and nothing has changed, where it was not, or has been killed too often. */
bool guest_queue_excuse_connections(guest_queue *self, struct entry *entry);

/* The oldest guest, if it has been answered: for output. guest_queue_pop() forgets it. */
const struct entry *guest_queue_front(const guest_queue *self);
void guest_queue_pop(guest_queue *self);

#endif
