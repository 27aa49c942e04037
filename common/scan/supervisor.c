/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor.h"

#include "base/signal-set.h"
#include "process/child-list.h"
#include "process/host-limits.h"
#include "supervisor-internal.h"
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

/* Bytes of answers in memory, of one guest's spool and of all; the rest is in a file. */
#define SPOOL_MEMORY ((size_t)1 << 20)
#define SPOOLS_MEMORY ((size_t)64 << 20)

static enum supervisor_end take_signals(struct supervisor *self, error **err)
{
    struct signalfd_siginfo info;
    bool child = false;
    while (read(self->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGCHLD)
            child = true;
        else
            self->signalled = (int)info.ssi_signo;
    if (self->signalled)
        return SUPERVISOR_SIGNALLED;
    return child && supervisor_reap(self, err) < 0 ? SUPERVISOR_NO_APPLIANCE : SUPERVISOR_DONE;
}

/* Waits for anything to happen, and deals with all of it but signals. */
static int wait_and_hear(struct supervisor *self, error **err)
{
    struct pollfd fds[2 + 2 * MAX_WORKERS + MAX_CONNECTED] = {
        {self->signal_fd, POLLIN, 0},
        {self->list_waits ? guest_list_fd(self->guests) : -1, POLLIN, 0},
    };
    struct worker_handle *workers[MAX_WORKERS];
    size_t count = self->worker_count;
    for (size_t i = 0; i < count; i++) {
        struct worker_handle *worker = workers[i] = self->workers[i];
        bool ended = worker->state == WORKER_HANDLE_ENDED;
        fds[2 + 2 * i] = (struct pollfd){ended ? -1 : worker->process.reports, POLLIN, 0};
        fds[3 + 2 * i] =
            (struct pollfd){!ended && worker->handover.entry && !worker->handover.connecting
                                ? worker->process.orders
                                : -1,
                            POLLOUT, 0};
    }
    uint64_t deadline = supervisor_next_deadline(self), list = supervisor_list_deadline(self);
    size_t far = supervisor_remote_poll(self, fds + 2 + 2 * count, &deadline);
    if (poll(fds, 2 + 2 * count + far, clock_poll_timeout(list < deadline ? list : deadline)) < 0)
        return errno == EINTR ? 0 : error_set_errno(err, ERROR_HOST, errno, "cannot wait");
    if (fds[1].revents || list <= clock_now())
        self->list_waits = false;
    supervisor_remote_hear_all(self);
    for (size_t i = 0; i < count; i++) {
        if (fds[2 + 2 * i].revents && supervisor_hear(self, workers[i], err) < 0)
            return -1;
        if (fds[3 + 2 * i].revents && workers[i]->state != WORKER_HANDLE_ENDED)
            supervisor_pursue(self, workers[i]);
    }
    return supervisor_check_deadlines(self, err);
}

static enum supervisor_end provide(struct supervisor *self, error **err)
{
    uint64_t since = clock_now();
    if (self->config->factory) {
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
    self->stats->prepare = clock_now() - since;
    self->stats->boots += self->template.booted;
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
        enum supervisor_end end = provide(self, err);
        if (end != SUPERVISOR_DONE)
            return end;
    }
    if (self->template_ready && supervisor_start_workers(self, err) < 0)
        return SUPERVISOR_NO_APPLIANCE;
    supervisor_give(self);
    if (supervisor_list_answer(self, err) < 0)
        /* It may have stopped because a signal waits. */
        return take_signals(self, NULL) == SUPERVISOR_SIGNALLED ? SUPERVISOR_SIGNALLED
                                                                : SUPERVISOR_STOPPED;
    *done = self->list_ended && guest_queue_empty(self->queue);
    bool more = !self->list_waits && !self->list_ended && !guest_queue_full(self->queue);
    if (*done)
        return SUPERVISOR_DONE;
    if (!more && wait_and_hear(self, err) < 0)
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
    /* Each takes two: half of all is for the rest. */
    self->connecting = files / 4 < MAX_CONNECTING ? (unsigned)(files / 4) : MAX_CONNECTING;
    return 0;
}

/* Signals become readable; a supervisor that is a subreaper gets the orphans of a warden that was
 * killed. */
static int set_up(struct supervisor *self, sigset_t *old, error **err)
{
    sigset_t signals;
    sigprocmask(SIG_BLOCK, NULL, old); /* it is set again, whatever fails */
    if (child_list_begin() < 0)
        return error_no_memory(err);
    if (self->config->trace)
        guest_list_set_trace(self->guests, say_trace, self);
    guest_list_begin(self->guests); /* before this process is a subreaper; so is this: */
    if (self->config->backups &&
        !(self->backups = backup_start(self->config->backups, self->config->backups_uri, err)))
        return -1;
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    signal_set_not_ignored(&signals, ends, sizeof ends / sizeof *ends);
    self->end_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    self->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    self->queue = guest_queue_new(self->config->isolation);
    if (self->end_fd < 0 || self->signal_fd < 0 || !self->queue)
        return error_set_errno(err, ERROR_HOST, errno, "cannot start");
    if (bound_by_files(self, err) < 0)
        return -1;
    if (sandbox_choose(&self->box, err) < 0)
        return -1;
    self->run = run_directory_new(&self->box, err);
    return self->run ? 0 : -1;
}

static void tear_down(struct supervisor *self, const sigset_t *old)
{
    guest_queue_free(self->queue); /* with who has backups; ending the others takes files */
    supervisor_end_all(self);
    template_builder_clear(&self->template);
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
