/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor.h"

#include "base/signal-set.h"
#include "base/text-format.h"
#include "process/child-list.h"
#include "process/child-messages.h"
#include "process/host-limits.h"
#include "supervisor-internal.h"
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

/* The directory of the millionth worker, below the run's (supervisor-workers.c). */
#define WORKER_ROOM (sizeof "/w1000000" - 1)

/* Bytes of answers in memory, of one guest's spool and of all; the rest is in a file. */
#define SPOOL_MEMORY ((size_t)1 << 20)
#define SPOOLS_MEMORY ((size_t)64 << 20)

/* --- what has been raised on workers --- */

/* The ends that a report may bring. 0 or -1 and *err: appliances do not come up here. */
static int end_for(struct supervisor *self, struct worker_handle *worker,
                   const struct worker_event *event, error **err)
{
    switch (event->kind) {
    case WORKER_EVENT_GUEST:
        supervisor_workers_give_up(self, worker, event->guest, event->status, event->why);
        return 0;
    case WORKER_EVENT_FAILED:
    case WORKER_EVENT_VANISHED:
        return supervisor_workers_lose(self, worker, event->kind == WORKER_EVENT_VANISHED,
                                       event->why, err);
    case WORKER_EVENT_FINISHED:
        supervisor_workers_dismiss(worker);
        return 0;
    case WORKER_EVENT_NONE:
    case WORKER_EVENT_CONNECTED:
    case WORKER_EVENT_UNREACHABLE:
        break;
    }
    return 0;
}

static struct worker_event take_event(struct worker_handle *worker)
{
    struct worker_event event = worker->event;
    worker->event = (struct worker_event){.kind = WORKER_EVENT_NONE};
    return event;
}

/* What a worker reported before it ended still counts, above all its last answer, and why it ended.
 * One that an image has taken over may report for ever: it is read for as long as what its socket
 * holds now may take, by pages, and once more for its end. */
static int hear_out(struct supervisor *self, struct worker_handle *worker, error **err)
{
    struct pollfd readable = {worker->process.reports, POLLIN, 0};
    int bytes = 0, result = 0;
    ioctl(worker->process.reports, FIONREAD, &bytes);
    for (int left = bytes / 4096 + 2;
         result == 0 && left > 0 && worker->state != WORKER_HANDLE_ENDED &&
         poll(&readable, 1, 0) == 1;
         left--) {
        supervisor_reports_hear(self, worker);
        const struct worker_event event = take_event(worker);
        result = end_for(self, worker, &event, err);
    }
    return result;
}

/* Ends one that cannot be given orders any more, after its last reports. */
static int end_unreachable(struct supervisor *self, struct worker_handle *worker, error **err)
{
    supervisor_workers_stop(worker);
    if (hear_out(self, worker, err) < 0)
        return -1;
    return supervisor_workers_lose(self, worker, true, "its worker takes no orders", err);
}

/* Acts on what has been raised on the worker, and on what that raises. */
static int act(struct supervisor *self, struct worker_handle *worker, error **err)
{
    int result = 0;
    while (result == 0 && !worker_handle_undisturbed(worker)) {
        const struct worker_event event = take_event(worker);
        if (event.kind == WORKER_EVENT_CONNECTED)
            supervisor_dispatch_continue(worker);
        else if (event.kind == WORKER_EVENT_UNREACHABLE)
            result = end_unreachable(self, worker, err);
        else
            result = end_for(self, worker, &event, err);
    }
    return result;
}

static int act_on_all(struct supervisor *self, error **err)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (act(self, self->workers[i], err) < 0)
            return -1;
    return 0;
}

/* Reaps workers that have ended, after reading their last reports. */
static int reap(struct supervisor *self, error **err)
{
    struct worker_handle *worker;
    int result = 0;
    while (result == 0 && (worker = supervisor_workers_reap(self))) {
        result = hear_out(self, worker, err);
        if (result == 0)
            result = supervisor_workers_lose(self, worker, true, "its worker was killed", err);
        supervisor_workers_forget(self, worker);
    }
    return result;
}

/* --- the loop --- */

static enum supervisor_end take_signals(struct supervisor *self, error **err)
{
    struct signalfd_siginfo info;
    bool child = false, asked = false;
    while (read(self->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGCHLD)
            child = true;
        else if (info.ssi_signo == SIGUSR1)
            asked = true;
        else
            self->signalled = (int)info.ssi_signo;
    if (asked && self->client->progress_asked)
        self->client->progress_asked(self->client->data, self->answered,
                                     guest_list_total(self->guests));
    if (self->signalled)
        return SUPERVISOR_SIGNALLED;
    return child && reap(self, err) < 0 ? SUPERVISOR_NO_APPLIANCE : SUPERVISOR_DONE;
}

static void say_message(void *data, const char *line)
{
    AUTO_FREE char *text = text_format("a process of this command says: %s", line);
    supervisor_say(data, LOG_WARNING, text ? text : line);
}

/* Signals, messages, the list, each worker's reports and orders, connections. */
_Static_assert(3 + 2 * MAX_WORKERS + MAX_CONNECTED <= POLL_SET_MAX,
               "all that the supervisor waits for fits into a set");

static int wait_for_events(struct supervisor *self, error **err)
{
    struct poll_set set = {.count = 0};
    uint64_t deadline = CLOCK_NEVER;
    poll_set_add(&set, self->signal_fd, POLLIN, NULL);
    if (child_messages_fd() >= 0)
        poll_set_add(&set, child_messages_fd(), POLLIN, NULL);
    supervisor_list_watch(self, &set, &deadline);
    supervisor_workers_watch(self, &set, &deadline);
    supervisor_remote_watch(self, &set, &deadline);
    int waited = poll_set_wait(&set, deadline);
    return waited < 0 ? error_set_errno(err, ERROR_HOST, -waited, "cannot wait") : 0;
}

static int hear_worker(struct supervisor *self, struct worker_handle *worker, error **err)
{
    if (worker->readable && worker->state != WORKER_HANDLE_ENDED) {
        supervisor_reports_hear(self, worker);
        if (act(self, worker, err) < 0)
            return -1;
    }
    if (worker->writable && worker->state != WORKER_HANDLE_ENDED)
        supervisor_dispatch_continue(worker);
    return act(self, worker, err);
}

/* Takes what has come, except signals; what has come is taken before it is late. */
static int hear(struct supervisor *self, error **err)
{
    supervisor_list_look(self);
    child_messages_take(say_message, self);
    supervisor_remote_hear(self);
    if (act_on_all(self, err) < 0)
        return -1;
    for (size_t i = 0; i < self->worker_count; i++)
        if (hear_worker(self, self->workers[i], err) < 0)
            return -1;
    supervisor_workers_check_deadlines(self);
    return act_on_all(self, err);
}

/* Opening libvirt takes a worker as long as it takes here to see whether the template is good, and
 * to copy its memory. */
static void on_glimpse(void *data)
{
    struct supervisor *self = data;
    AUTO_ERROR error *failed = NULL;
    free(self->glimpsed);
    self->glimpsed = strdup(self->template.template_dir);
    supervisor_workers_dismiss_waiting(self); /* of the one before, which was not good */
    if (self->glimpsed && supervisor_dispatch_start(self, &failed) < 0)
        supervisor_say(self, LOG_VERBOSE, error_message(failed)); /* it is tried again */
}

/* What was glimpsed is what there is now. */
static void release_or_dismiss(struct supervisor *self)
{
    if (self->template_ready && !self->template.booted && self->glimpsed &&
        strcmp(self->glimpsed, self->template.template_dir) == 0)
        supervisor_workers_release(self);
    else
        supervisor_workers_dismiss_waiting(self);
}

static enum supervisor_end make_template(struct supervisor *self, error **err)
{
    uint64_t since = clock_now();
    self->template.glimpsed = on_glimpse;
    self->template.data = self;
    if (!self->config->driver->fingerprint) {
        self->template.appliance.accel = "none";
        self->template_ready = true;
        return SUPERVISOR_DONE;
    }
    switch (template_builder_make(self->config, self->client, self->run, &self->box, self->end_fd,
                                  &self->template, err)) {
    case TEMPLATE_BUILDER_FAILED:
        return SUPERVISOR_NO_APPLIANCE;
    case TEMPLATE_BUILDER_SIGNALLED:
        take_signals(self, err);
        return SUPERVISOR_SIGNALLED;
    case TEMPLATE_BUILDER_DONE:
        break;
    }
    self->template_ready = true;
    release_or_dismiss(self);
    self->stats->prepare = clock_now() - since;
    self->stats->boots += self->template.booted;
    self->stats->probes += self->template.probes;
    snprintf(self->stats->accel, sizeof self->stats->accel, "%s", self->template.appliance.accel);
    return SUPERVISOR_DONE;
}

/* One round: what has come in goes out, what can be given is given, then wait. */
static enum supervisor_end step(struct supervisor *self, bool *done, error **err)
{
    if (!self->list_waits && supervisor_list_read(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    supervisor_remote_connect_more(self);
    if (!self->template_ready && guest_queue_waiting(self->queue) > 0) {
        enum supervisor_end end = make_template(self, err);
        if (end != SUPERVISOR_DONE)
            return end;
    }
    if (self->template_ready && supervisor_dispatch_start(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    supervisor_dispatch_give(self);
    supervisor_remote_connect_more(self); /* some have turned out to be packed */
    if (act_on_all(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    if (supervisor_list_answer(self, err) < 0)
        /* It may have stopped because a signal waits. */
        return take_signals(self, NULL) == SUPERVISOR_SIGNALLED ? SUPERVISOR_SIGNALLED
                                                                : SUPERVISOR_STOPPED;
    *done = self->list_ended && guest_queue_empty(self->queue);
    bool more = !self->list_waits && !self->list_ended && !guest_queue_full(self->queue);
    if (*done)
        return SUPERVISOR_DONE;
    if (!more && (wait_for_events(self, err) < 0 || hear(self, err) < 0))
        return SUPERVISOR_NO_APPLIANCE;
    return take_signals(self, err);
}

static enum supervisor_end run(struct supervisor *self, error **err)
{
    bool done = false;
    while (!done) {
        enum supervisor_end end = step(self, &done, err);
        if (end != SUPERVISOR_DONE)
            return end;
    }
    return SUPERVISOR_DONE;
}

static void say_trace(void *data, const char *text)
{
    supervisor_say(data, LOG_TRACE, text);
}

static int bound_by_files(struct supervisor *self, error **err)
{
    uint64_t files = host_limits_raise_files();
    unsigned disks = host_limits_disks(files, SLOT_COUNT);
    if (files < HOST_LIMITS_FILES_MIN)
        return error_set(err, ERROR_HOST,
                         "at most %" PRIu64
                         " files may be open here, and %d are needed (ulimit -n)",
                         files, HOST_LIMITS_FILES_MIN);
    self->wave = self->config->wave < disks ? self->config->wave : disks;
    /* Each takes two descriptors, and all together may take half. */
    self->connecting = files / 4 < MAX_CONNECTING ? (unsigned)(files / 4) : MAX_CONNECTING;
    return 0;
}

/* Else nothing but a time-out would tell. */
static void warn_of_memory(struct supervisor *self)
{
    uint64_t memory = host_limits_memory();
    if (memory >= HOST_LIMITS_MEMORY_MIN)
        return;
    AUTO_FREE char *text =
        text_format("the control group allows %" PRIu64 " MiB of memory here, and an appliance "
                    "takes some %" PRIu64 ": it may be killed, or hardly move (MemoryMax= of a "
                    "unit, --memory of a container)",
                    memory >> 20, HOST_LIMITS_MEMORY_MIN >> 20);
    if (text)
        supervisor_say(self, LOG_WARNING, text);
}

/* Makes signals readable, and this process a subreaper: it gets the orphans of a killed warden. */
static int set_up(struct supervisor *self, sigset_t *old, error **err)
{
    sigset_t signals;
    sigprocmask(SIG_BLOCK, NULL, old); /* tear_down() sets it again */
    /* First: what is opened from here on would fail with less to say. */
    if (bound_by_files(self, err) < 0)
        return -1;
    if (child_list_begin() < 0)
        return error_no_memory(err);
    if (child_messages_begin(err) < 0)
        return -1;
    if (self->config->trace)
        guest_list_set_trace(self->guests, say_trace, self);
    /* Both start a process, and must do so before this one is a subreaper. */
    guest_list_begin(self->guests);
    if (self->config->backups &&
        !(self->backups = backup_start(self->config->backups, self->config->backups_uri, err)))
        return -1;
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    signal_set_not_ignored(&signals, ends, sizeof ends / sizeof *ends);
    self->end_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    self->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    self->queue = guest_queue_new(self->config->isolation);
    if (self->end_fd < 0 || self->signal_fd < 0 || !self->queue)
        return error_set_errno(err, ERROR_HOST, errno, "cannot start");
    warn_of_memory(self);
    if (sandbox_choose(&self->box, err) < 0)
        return -1;
    self->run = run_directory_new(&self->box, WORKER_ROOM + self->config->driver->socket_room, err);
    return self->run ? 0 : -1;
}

static void tear_down(struct supervisor *self, const sigset_t *old)
{
    /* The queue first: it frees backups, and descriptors that ending the workers needs. */
    guest_queue_free(self->queue);
    supervisor_workers_end_all(self);
    child_messages_take(say_message, self);
    child_messages_end();
    template_builder_clear(&self->template);
    free(self->glimpsed);
    run_directory_free(self->run);
    backup_free(self->backups);
    if (self->signal_fd >= 0)
        close(self->signal_fd);
    if (self->end_fd >= 0)
        close(self->end_fd);
    sigprocmask(SIG_SETMASK, old, NULL);
}

enum supervisor_end supervisor_run(const struct supervisor_config *config, guest_list *guests,
                                   const struct supervisor_client *client,
                                   struct supervisor_stats *stats, int *signal, error **err)
{
    uint64_t since = clock_now();
    sigset_t old;
    struct supervisor self = {
        .config = config,
        .client = client,
        .stats = stats,
        .guests = guests,
        .signal_fd = -1,
        .end_fd = -1,
        .parallel = config->parallel ? config->parallel : host_limits_parallel(config->memory_mib),
        .empty_cost = 25000, /* until one has been seen (docs/performance.md) */
        .spools = {.spool_max = SPOOL_MEMORY, .budget = SPOOLS_MEMORY},
    };
    if (self.parallel > SUPERVISOR_PARALLEL_MAX)
        self.parallel = SUPERVISOR_PARALLEL_MAX;
    *stats = (struct supervisor_stats){0};
    enum supervisor_end end =
        set_up(&self, &old, err) < 0 ? SUPERVISOR_NO_APPLIANCE : run(&self, err);
    *signal = self.signalled;
    tear_down(&self, &old);
    stats->spool_memory = self.spools.peak;
    stats->spools_filed = self.spools.filed;
    stats->wall = clock_now() - since;
    return end;
}
