/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process/host-limits.h"
#include "supervisor-internal.h"
#include "wire/status.h"

#define EMPTY_TIMEOUT 60 /* seconds: 255 disks take 6 s */

/* Fewer waiting guests than this are done sooner by the appliances that are there than by one that
 * has yet to come up: a restore costs about as much as so many guests. */
#define WORTH_AN_APPLIANCE 24

static uint64_t wave_limit(const struct supervisor *self)
{
    return self->config->isolation == ISOLATE_GUEST ? SLOT_COUNT : self->wave;
}

static void order_plain(struct worker_handle *worker, order_kind kind,
                        enum worker_handle_state state)
{
    int sent = worker_order(&worker->process, &(order){.kind = kind}, NULL, 0);
    if (sent == -EAGAIN)
        return; /* it has orders: tried again after its next answer */
    if (sent < 0) {
        worker_handle_raise(worker, WORKER_EVENT_UNREACHABLE, NULL);
        return;
    }
    worker->state = state;
    if (state == WORKER_HANDLE_EMPTYING)
        worker->deadline = clock_now() + EMPTY_TIMEOUT * CLOCK_SECOND;
    else if (worker->given_count == 0)
        worker->deadline = clock_now() + FINISH_TIMEOUT * CLOCK_SECOND;
}

void supervisor_dispatch_continue(struct worker_handle *worker)
{
    if (worker->handover.entry && worker_handle_hand_over(worker) < 0)
        worker_handle_raise(worker, WORKER_EVENT_UNREACHABLE, NULL);
}

static unsigned count_working(const struct supervisor *self)
{
    unsigned count = 0;
    for (size_t i = 0; i < self->worker_count; i++)
        count += worker_handle_working(self->workers[i]);
    return count;
}

/* Whether descriptors have run out, and guests are under way that will give some back. */
static bool is_short_for_now(const struct supervisor *self, const error *err)
{
    int why = error_errno(err);
    return (why == EMFILE || why == ENFILE) && count_working(self) > 0;
}

/* Whether the worker is given no guest after the one that was taken out of the queue: then its
 * appliance need not be left as it was. */
static bool is_last(const struct supervisor *self)
{
    return self->config->isolation == ISOLATE_GUEST ||
           (self->list_ended && guest_queue_waiting(self->queue) == 0);
}

/* A guest to the worker. An image that cannot be opened is answered for here. False: it waits, and
 * so do all others. */
static bool give(struct supervisor *self, struct worker_handle *worker, struct entry *entry)
{
    AUTO_ERROR error *err = NULL;
    guest_queue_take(self->queue, entry);
    if (worker_handle_take_on(worker, entry, self->config->backing, self->config->snapshot, &err) <
        0) {
        bool short_for_now = is_short_for_now(self, err);
        if (short_for_now)
            guest_queue_give_back(self->queue, &entry, 1);
        else if (error_kind(err) == ERROR_PACKED)
            guest_queue_unpack(self->queue, entry);
        else if (!guest_queue_excuse_connections(self->queue, entry))
            guest_queue_refuse(self->queue, entry, status_of_error(error_kind(err)),
                               error_message(err), 0);
        return !short_for_now;
    }
    if (!worker->has_trust) {
        self->stats->waves++;
        if (worker_handle_set_trust(worker, entry) < 0) {
            worker_handle_drop_handover(worker);
            guest_queue_refuse(self->queue, entry, STATUS_CRASHED, "no memory", 0);
            return true;
        }
    } else if (worker->used == 0) {
        self->stats->waves++;
    }
    worker->used += (unsigned)entry->guest->image_count;
    worker->scanned++;
    worker->last = is_last(self);
    worker->given[worker->given_count++] = entry;
    worker_handle_begin_turn(worker);
    supervisor_dispatch_continue(worker);
    return true;
}

static unsigned room(const struct supervisor *self, const struct worker_handle *worker)
{
    uint64_t limit = wave_limit(self);
    if (worker->last)
        return 0;
    /* A guest with more disks than a wave has one to itself. */
    return worker->used == 0      ? SLOT_COUNT
           : worker->used < limit ? (unsigned)(limit - worker->used)
                                  : 0;
}

static struct entry *next_for(struct supervisor *self, const struct worker_handle *worker)
{
    unsigned slots = room(self, worker);
    if (worker->large)
        return worker->has_trust ? NULL : guest_queue_next_large(self->queue);
    return slots ? guest_queue_next(self->queue, worker->has_trust ? &worker->trust : NULL, slots)
                 : NULL;
}

/* Nothing more for it as it is: emptied if guests of its trust domain wait and that costs less than
 * a new appliance, ended otherwise. */
static void turn_over(struct supervisor *self, struct worker_handle *worker)
{
    bool more = guest_queue_next(self->queue, &worker->trust, SLOT_COUNT) != NULL;
    bool cheaper = self->empty_cost * worker->used < self->start_cost;
    bool reuse = more && cheaper && !worker->last && worker->trust.quarantine == 0;
    if (worker->handover.entry)
        return;
    if (!reuse)
        order_plain(worker, ORDER_FINISH, WORKER_HANDLE_FINISHING);
    else if (worker->given_count == 0)
        order_plain(worker, ORDER_EMPTY, WORKER_HANDLE_EMPTYING);
}

/* Whether it may be given one more guest before it has answered for those that it has. */
static bool takes_more(const struct worker_handle *worker)
{
    bool one_by_one = worker->has_trust && guest_queue_one_by_one(&worker->trust);
    return worker->state == WORKER_HANDLE_READY && worker_handle_undisturbed(worker) &&
           !worker->handover.entry && worker->given_count < (one_by_one ? 1 : WORKER_GUESTS_MAX);
}

static void fill(struct supervisor *self, struct worker_handle *worker)
{
    struct entry *entry = NULL;
    while (takes_more(worker) && (entry = next_for(self, worker)) && give(self, worker, entry))
        ;
    if (takes_more(worker) && worker->has_trust && !entry &&
        (guest_queue_waiting(self->queue) > 0 || self->list_ended || room(self, worker) == 0))
        turn_over(self, worker);
}

/* How many workers there should be that have not been given anything yet. */
static unsigned fresh_wanted(const struct supervisor *self)
{
    unsigned waiting = guest_queue_waiting(self->queue) - guest_queue_waiting_large(self->queue);
    unsigned taking = 0, capacity = 0;
    for (size_t i = 0; i < self->worker_count; i++) {
        const struct worker_handle *worker = self->workers[i];
        if (worker->state != WORKER_HANDLE_READY && worker->state != WORKER_HANDLE_EMPTYING)
            continue;
        if (!worker->has_trust)
            continue;
        taking++;
        if (guest_queue_next(self->queue, &worker->trust, SLOT_COUNT))
            capacity += room(self, worker);
    }
    if (waiting == 0)
        return 0;
    /* Those that are working will not take all that waits: their successors come up meanwhile. */
    unsigned beyond = waiting > capacity ? waiting - capacity : 0;
    unsigned per_wave = self->config->isolation == ISOLATE_GUEST ? 1 : self->wave;
    unsigned successors = (beyond + per_wave - 1) / per_wave;
    unsigned idle_places = taking < self->parallel ? self->parallel - taking : 0;
    unsigned helpers =
        taking == 0 ? 1 + (waiting - 1) / WORTH_AN_APPLIANCE : waiting / WORTH_AN_APPLIANCE;
    unsigned wanted = helpers < idle_places ? helpers : idle_places;
    if (successors > wanted)
        wanted = successors;
    return wanted < self->parallel ? wanted : self->parallel;
}

static bool any_large(const struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (self->workers[i]->large && self->workers[i]->state != WORKER_HANDLE_ENDED)
            return true;
    return false;
}

/* One at a time, and only where the host has room for it. */
static void start_large(struct supervisor *self)
{
    AUTO_ERROR error *failed = NULL;
    if (guest_queue_waiting_large(self->queue) == 0 || any_large(self) ||
        self->worker_count == MAX_WORKERS)
        return;
    if (host_limits_have(APPLIANCE_MEMORY_LARGE) &&
        supervisor_workers_start_large(self, &failed) == 0)
        return;
    supervisor_say(self, LOG_VERBOSE,
                   failed ? error_message(failed)
                          : "there is no memory here for an appliance with more of it");
    guest_queue_no_larger(self->queue);
}

int supervisor_dispatch_start(struct supervisor *self, error **err)
{
    unsigned fresh = 0;
    start_large(self);
    for (size_t i = 0; i < self->worker_count; i++) {
        const struct worker_handle *worker = self->workers[i];
        fresh += !worker->large && (worker->state == WORKER_HANDLE_STARTING ||
                                    (worker->state == WORKER_HANDLE_READY && !worker->has_trust));
    }
    unsigned wanted = fresh_wanted(self);
    for (; fresh < wanted && self->worker_count < MAX_WORKERS && supervisor_workers_admit(self);
         fresh++)
        if (supervisor_workers_start(self, err) < 0)
            return -1;
    return 0;
}

void supervisor_dispatch_give(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (self->workers[i]->has_trust)
            fill(self, self->workers[i]);
    /* Those that have worked first; a fresh one only where there is a place for it. */
    for (size_t i = 0; i < self->worker_count; i++)
        if (!self->workers[i]->has_trust && count_working(self) < self->parallel)
            fill(self, self->workers[i]);
}
