/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor's own state, and the parts that it is made of: the list and the answers
 * (supervisor-list.c), images that are elsewhere (supervisor-remote.c), the workers and their ends
 * (supervisor-workers.c), what they report (supervisor-reports.c), who gets which guest
 * (supervisor-dispatch.c), the loop over all of them (supervisor.c). Private to these files. */
#ifndef VLT_SUPERVISOR_INTERNAL_H
#define VLT_SUPERVISOR_INTERNAL_H

#include "base/clock.h"
#include "template-builder.h"
#include "worker-handle.h"
#include <poll.h>

#define FINISH_TIMEOUT 20 /* seconds, from the last answer: ending QEMU takes 0.2 s */

#define MAX_WORKERS (2 * SUPERVISOR_PARALLEL_MAX) /* as many again come up while these work */

struct supervisor {
    const struct supervisor_config *config;
    const struct supervisor_client *client;
    struct supervisor_stats *stats;
    guest_list *guests;
    bool list_waits, list_ended;
    guest_queue *queue;
    struct spool_room spools;
    struct sandbox box;
    backup *backups; /* NULL: none are made */
    run_directory *run;
    struct template_builder template;
    bool template_ready;
    struct worker_handle *workers[MAX_WORKERS];
    size_t worker_count;
    unsigned parallel;
    /* Disks, as the configuration says, or fewer; guests that are connected to at once, at most
     * MAX_CONNECTING: as many as may be open. */
    unsigned wave, connecting;
    unsigned next_root;
    unsigned start_failures;         /* in a row */
    uint64_t start_cost, empty_cost; /* microseconds, last seen: of an appliance, of one slot */
    uint64_t answered;
    int signal_fd; /* SIGCHLD and those that ask for an end */
    int end_fd;    /* only those */
    int signalled;
};

/* --- supervisor-list.c --- */

/* Takes guests from the list into the window until it is full, or the list ends or has to be waited
 * for. What needs no appliance to be refused is answered at once. 0 or -1 and *err: no memory. */
int supervisor_list_read(struct supervisor *self, error **err);
/* When the list is to be read although it has nothing, because that will not change. */
uint64_t supervisor_list_deadline(const struct supervisor *self);
/* Hands out the answers that stand at the front. 0 or -1 and *err: the client wants no more. */
int supervisor_list_answer(struct supervisor *self, error **err);

/* --- supervisor-workers.c --- */

/* Whether one more has a chance: not after several have failed, while there are others. When they
 * are gone it has: failures are counted from the beginning. */
bool supervisor_admit(struct supervisor *self);
/* One more; 0, where it cannot be had beside others too, or -1 and *err. */
int supervisor_start(struct supervisor *self, error **err);
void supervisor_begin_turn(struct worker_handle *worker); /* the clock of given[0] runs */
/* These end a worker that fails, or is gone, and all below it; its guests wait again, but for a
 * culprit, which is answered for. -1 and *err: appliances do not come up here. First: its appliance
 * failed, as it says or shows. */
int supervisor_fail(struct supervisor *self, struct worker_handle *worker, const char *why,
                    error **err);
/* … It is gone without a word: somebody killed it. */
int supervisor_vanish(struct supervisor *self, struct worker_handle *worker, const char *why,
                      error **err);
/* Buries who has ended, after hearing what it had to say, and ends what it left behind. */
int supervisor_reap(struct supervisor *self, error **err);
int supervisor_check_deadlines(struct supervisor *self, error **err);
uint64_t supervisor_next_deadline(const struct supervisor *self);
/* Ends one for what one of its guests did, and answers for that guest; the others wait again. */
void supervisor_give_up(struct supervisor *self, struct worker_handle *worker, struct entry *entry,
                        enum status status, const char *why);
/* Ends one that cannot be given orders any more; what it has said by then comes first. */
void supervisor_refused(struct supervisor *self, struct worker_handle *worker);
/* Ends one that owes nobody an answer. */
void supervisor_dismiss(struct worker_handle *worker);
void supervisor_end_all(struct supervisor *self); /* and waits until nothing is left */
/* So long, microseconds, nobody was heard: that is nobody's fault. */
void supervisor_excuse(struct supervisor *self, uint64_t deaf);

uint64_t supervisor_since_turn(const struct entry *entry); /* microseconds; 0: it had none */
void supervisor_say(const struct supervisor *self, enum supervisor_log level, const char *text);

/* --- supervisor-remote.c --- */

/* So many guests at once are connected to, from the attempt to the answer. */
#define MAX_CONNECTING 32
/* … and the one that all answers wait for. */
#define MAX_CONNECTED (MAX_CONNECTING + 1)

void supervisor_remote_connect_more(struct supervisor *self); /* as many as are allowed */
/* Fills fds with what supervisor_remote_hear_all() waits for, and lowers *deadline to when one of
 * them is late. Their number. */
size_t supervisor_remote_poll(const struct supervisor *self, struct pollfd fds[MAX_CONNECTED],
                              uint64_t *deadline);
void supervisor_remote_hear_all(struct supervisor *self);
/* Whether what connected for the guest was killed, and it will be connected to again. */
bool supervisor_remote_excuse(struct supervisor *self, struct entry *entry);

/* --- supervisor-reports.c --- */

/* What it reports. As supervisor_fail(). */
int supervisor_hear(struct supervisor *self, struct worker_handle *worker, error **err);

/* --- supervisor-dispatch.c --- */

int supervisor_start_workers(struct supervisor *self, error **err); /* as many as are worth it */
void supervisor_give(struct supervisor *self); /* guests to those that can take them */
void supervisor_pursue(struct supervisor *self,
                       struct worker_handle *worker); /* its socket takes more */

#endif
