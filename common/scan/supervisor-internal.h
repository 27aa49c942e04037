/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor's own state, and the parts that it is made of. Private to these files.
 *
 *     supervisor.c            the loop: waits, lets the parts look, acts on what they have raised
 *       supervisor-list.c       guests from the list, answers to the client
 *       supervisor-remote.c     images that are elsewhere
 *       supervisor-dispatch.c   which worker gets which guest
 *       supervisor-reports.c    what workers report
 *         supervisor-workers.c    the workers, their deadlines and ends
 *           worker-handle.c, guest-queue.c
 *
 * Each calls only what is further in. A part that finds that a worker has to be ended raises an
 * event on its handle (worker-handle.h), and only the loop acts on it. */
#ifndef VLT_SUPERVISOR_INTERNAL_H
#define VLT_SUPERVISOR_INTERNAL_H

#include "base/clock.h"
#include "base/poll-set.h"
#include "template-builder.h"
#include "worker-handle.h"

#define FINISH_TIMEOUT 20 /* seconds, from the last answer: ending QEMU takes 0.2 s */

#define MAX_WORKERS (2 * SUPERVISOR_PARALLEL_MAX) /* as many again come up while these work */

/* Guests that are connected to at once, from the attempt to the answer. */
#define MAX_CONNECTING 32
/* … and the one that all answers wait for. */
#define MAX_CONNECTED (MAX_CONNECTING + 1)

struct supervisor {
    const struct supervisor_config *config;
    const struct supervisor_client *client;
    struct supervisor_stats *stats;
    guest_list *guests;
    bool list_waits, list_ended, list_ready;
    guest_queue *queue;
    struct spool_room spools;
    struct sandbox box;
    backup *backups; /* NULL: none are made */
    run_directory *run;
    struct template_builder template;
    char *glimpsed; /* the directory of the one that workers wait for, or have waited for */
    bool template_ready, template_renewed; /* it is made anew once, where it cannot be restored */
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

static inline void supervisor_say(const struct supervisor *self, enum supervisor_log level,
                                  const char *text)
{
    self->client->log(self->client->data, level, text);
}

/* Each …_watch() adds what its part waits for, and lowers *deadline to when it wants to look even
 * if nothing has come. */

/* --- supervisor-list.c --- */

/* Takes guests from the list into the queue until it is full, or the list ends or has to be waited
 * for. What needs no appliance to be refused is answered at once. 0 or -1 and *err: no memory. */
int supervisor_list_read(struct supervisor *self, error **err);
void supervisor_list_watch(struct supervisor *self, struct poll_set *set, uint64_t *deadline);
/* After the wait: whether the list is to be read again. */
void supervisor_list_look(struct supervisor *self);
/* Hands out the answers that stand at the front. 0 or -1 and *err: the client wants no more. */
int supervisor_list_answer(struct supervisor *self, error **err);

/* --- supervisor-remote.c --- */

void supervisor_remote_connect_more(struct supervisor *self); /* as many as are allowed */
void supervisor_remote_watch(const struct supervisor *self, struct poll_set *set,
                             uint64_t *deadline);
/* What the connecting processes say; raises WORKER_EVENT_CONNECTED, or why not. */
void supervisor_remote_hear(struct supervisor *self);

/* --- supervisor-dispatch.c --- */

/* Starts as many workers as are worth it. 0 or -1 and *err: appliances do not come up here. */
int supervisor_dispatch_start(struct supervisor *self, error **err);
/* Gives guests to the workers that can take them; raises WORKER_EVENT_UNREACHABLE. */
void supervisor_dispatch_give(struct supervisor *self);
/* Sends the rest of a handover, as far as the worker's socket takes it; the same. */
void supervisor_dispatch_continue(struct worker_handle *worker);

/* --- supervisor-reports.c --- */

/* Reads once, and takes what the worker has reported; raises why it is to be ended. */
void supervisor_reports_hear(struct supervisor *self, struct worker_handle *worker);

/* --- supervisor-workers.c --- */

/* Whether one more has a chance: not after several have failed, while there are others. When they
 * are gone it has: failures are counted from the beginning. */
bool supervisor_workers_admit(struct supervisor *self);
/* Starts one more; 0, also where it cannot be had beside others, or -1 and *err. */
int supervisor_workers_start(struct supervisor *self, error **err);
/* The same, of one with APPLIANCE_MEMORY_LARGE: it is booted. 0 or -1 and *err. */
int supervisor_workers_start_large(struct supervisor *self, error **err);
/* Those that were started before the template was known to be good, and have waited: lets them
 * restore it, or ends them. */
void supervisor_workers_release(struct supervisor *self);
void supervisor_workers_dismiss_waiting(struct supervisor *self);
/* Their reports, and orders where a handover waits for room. */
void supervisor_workers_watch(struct supervisor *self, struct poll_set *set, uint64_t *deadline);
/* Raises events on those that are late. */
void supervisor_workers_check_deadlines(struct supervisor *self);
/* Gives each guest whose turn it is so many microseconds more: the supervisor did not poll. */
void supervisor_workers_extend(struct supervisor *self, uint64_t deaf);

/* Ends a worker whose appliance failed or, `vanished`, which has gone without a word, and all below
 * it; its guests wait again, but for a culprit, which is answered for. 0 or -1 and *err:
 * appliances do not come up here. */
int supervisor_workers_lose(struct supervisor *self, struct worker_handle *worker, bool vanished,
                            const char *why, error **err);
/* Ends one for what one of its guests did, and answers for that guest, unless it is to be asked
 * about again in a hurry (guest_queue_hurry()); the others wait again. */
void supervisor_workers_give_up(struct supervisor *self, struct worker_handle *worker,
                                struct entry *entry, enum status status, const char *why);
/* Ends one that owes no answer. */
void supervisor_workers_dismiss(struct worker_handle *worker);
/* Asks its warden to end it and all below it; the handle stays as it is. */
void supervisor_workers_stop(const struct worker_handle *worker);

/* Reaps the children that have ended, up to the warden of a worker, and ends what they have left
 * behind: that worker, whose reports are still to be read. NULL: no worker has ended. */
struct worker_handle *supervisor_workers_reap(struct supervisor *self);
/* Frees the handle of a worker that was reaped. */
void supervisor_workers_forget(struct supervisor *self, struct worker_handle *worker);
void supervisor_workers_end_all(struct supervisor *self); /* and waits until nothing is left */

#endif
