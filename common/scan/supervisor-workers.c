/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor-internal.h"

#include "appliance/accelerator.h"
#include "base/pid-signal.h"
#include "base/text-format.h"
#include "process/child-list.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define NEW_APPLIANCE_TIMEOUT 60 /* seconds: a restore takes 0.3 s on an idle machine */
#define BOOT_TIMEOUT 120         /* seconds, where there is no template */
/* In a row, of appliances from a good template: something is wrong here; or, while others work,
 * there is no room for more. */
#define MAX_START_FAILURES 3

static void free_worker(struct worker_handle *worker)
{
    close(worker->process.orders);
    close(worker->process.reports);
    frame_reader_free(worker->reader);
    worker_handle_drop_handover(worker);
    free(worker->trust.directory);
    free(worker->root);
    free(worker);
}

/* Whether one works, or may come to. */
static bool any_worker(const struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (self->workers[i]->state != WORKER_HANDLE_ENDED)
            return true;
    return false;
}

bool supervisor_workers_admit(struct supervisor *self)
{
    if (self->start_failures < MAX_START_FAILURES)
        return true;
    if (any_worker(self))
        return false;
    self->start_failures = 0;
    return true;
}

static unsigned usual_memory(const struct supervisor *self)
{
    return self->config->memory_mib ? self->config->memory_mib : APPLIANCE_MEMORY_DEFAULT;
}

static int start(struct supervisor *self, bool large, error **err)
{
    char name[32];
    struct worker_handle *worker = calloc(1, sizeof *worker);
    if (!worker)
        return error_no_memory(err);
    snprintf(name, sizeof name, "w%u", self->next_root++);
    worker->root = run_directory_subdirectory(self->run, name, err);
    worker->reader = frame_reader_new();
    struct worker_config config = {
        .driver = self->config->driver,
        .appliance = self->template.appliance,
        .sandbox = accelerator_sandbox(&self->box, self->template.appliance.accel),
        .root = worker->root,
        .template_dir = self->template.template_dir,
        .memory_path = self->template.memory_path,
        .memory_read_only = self->template.memory_read_only,
        .waits = !self->template_ready,
        .start_timeout = NEW_APPLIANCE_TIMEOUT,
        .trace = self->config->trace,
        .question = self->config->question,
        .keys = self->config->keys,
    };
    unsigned timeout = NEW_APPLIANCE_TIMEOUT;
    if (large) {
        timeout = BOOT_TIMEOUT;
        config.start_timeout = timeout;
        config.appliance.memory_mib = APPLIANCE_MEMORY_LARGE;
        config.template_dir = config.memory_path = NULL;
        config.no_file = self->config->driver->fingerprint != NULL;
        config.waits = false;
    }
    worker->waits = config.waits;
    worker->large = large;
    worker->grows =
        !large && !self->config->memory_fixed && usual_memory(self) < APPLIANCE_MEMORY_LARGE;
    if (!worker->root || !worker->reader || worker_start(&config, &worker->process, err) < 0) {
        worker->process = (struct worker){-1, -1, -1};
        free_worker(worker);
        return -1;
    }
    worker->deadline = clock_now() + timeout * CLOCK_SECOND;
    self->workers[self->worker_count++] = worker;
    return 0;
}

int supervisor_workers_start(struct supervisor *self, error **err)
{
    AUTO_ERROR error *failed = NULL;
    if (start(self, false, &failed) == 0)
        return 0;
    if (!any_worker(self))
        return error_propagate(err, STEAL(failed));
    self->start_failures = MAX_START_FAILURES;
    supervisor_say(self, LOG_VERBOSE, error_message(failed));
    return 0;
}

int supervisor_workers_start_large(struct supervisor *self, error **err)
{
    return start(self, true, err);
}

void supervisor_workers_release(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++) {
        struct worker_handle *worker = self->workers[i];
        if (!worker->waits)
            continue;
        worker->waits = false;
        /* There is room for it: before it came nothing but keys. */
        if (worker_order(&worker->process, &(order){.kind = ORDER_START}, NULL, 0) < 0)
            worker_handle_raise(worker, WORKER_EVENT_UNREACHABLE, NULL);
    }
}

void supervisor_workers_dismiss_waiting(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (self->workers[i]->waits)
            supervisor_workers_dismiss(self->workers[i]);
}

/* --- the end of a worker --- */

/* Takes its guests away from it. They wait again: as before if the worker vanished, which an image
 * can hardly have caused; otherwise separated. A guest that was alone is the culprit. */
static void reclaim(struct supervisor *self, struct worker_handle *worker, bool vanished,
                    const char *why)
{
    struct entry *left[WORKER_GUESTS_MAX];
    size_t count = worker->given_count;
    memcpy(left, worker->given, count * sizeof *left);
    worker->given_count = 0;
    worker_handle_drop_handover(worker);
    if (vanished && guest_queue_excuse(self->queue, left, count, worker->answered > 0))
        return;
    if (guest_queue_put_back(self->queue, left, count, worker->scanned == 1))
        guest_queue_refuse(self->queue, left[0], STATUS_CRASHED, why,
                           worker_handle_since_turn(left[0]));
}

/* Once the warden is reaped, its pid may be another process's. */
void supervisor_workers_stop(const struct worker_handle *worker)
{
    pid_signal(worker->process.pid, SIGTERM);
}

void supervisor_workers_dismiss(struct worker_handle *worker)
{
    supervisor_workers_stop(worker);
    worker->state = WORKER_HANDLE_ENDED;
    worker->deadline = CLOCK_NEVER;
}

static void end_worker(struct supervisor *self, struct worker_handle *worker, bool vanished,
                       const char *why)
{
    if (worker->state == WORKER_HANDLE_ENDED)
        return;
    supervisor_workers_dismiss(worker);
    reclaim(self, worker, vanished, why);
}

/* The guests behind it wait again. After a time-out they wait apart, because the disk of one of
 * them may have stopped the appliance. */
void supervisor_workers_give_up(struct supervisor *self, struct worker_handle *worker,
                                struct entry *entry, enum status status, const char *why)
{
    worker_handle_answered(worker, entry);
    if (status != STATUS_TIMEOUT || !guest_queue_hurry(self->queue, entry))
        guest_queue_refuse(self->queue, entry, status, why, worker_handle_since_turn(entry));
    if (status == STATUS_TIMEOUT)
        guest_queue_put_apart(self->queue, worker->given, worker->given_count);
    else
        guest_queue_give_back(self->queue, worker->given, worker->given_count);
    worker->given_count = 0;
    end_worker(self, worker, false, why);
}

/* No appliance comes up from it. One that was saved by an earlier run may have outlived what it
 * depends on; the loop then makes another. False: that would not help. */
static bool renew_template(struct supervisor *self)
{
    if (self->template_renewed || !self->template.template_dir || self->template.booted)
        return false;
    supervisor_say(self, LOG_VERBOSE, "the saved appliance cannot be restored; it is made anew");
    template_builder_discard(&self->template);
    self->template_ready = false;
    self->template_renewed = true;
    self->start_failures = 0;
    return true;
}

int supervisor_workers_lose(struct supervisor *self, struct worker_handle *worker, bool vanished,
                            const char *why, error **err)
{
    bool starting = worker->state == WORKER_HANDLE_STARTING;
    if (worker->state == WORKER_HANDLE_ENDED)
        return 0;
    AUTO_FREE char *text = text_format("the appliance is lost: %s", why);
    if (text)
        supervisor_say(self, LOG_VERBOSE, text);
    end_worker(self, worker, vanished, text ? text : "the appliance is lost");
    if (starting && worker->large) {
        guest_queue_no_larger(self->queue);
        return 0;
    }
    if (starting && ++self->start_failures >= MAX_START_FAILURES && !any_worker(self) &&
        !renew_template(self))
        return error_set(err, ERROR_HOST, "%s", why);
    return 0;
}

void supervisor_workers_forget(struct supervisor *self, struct worker_handle *worker)
{
    size_t i = 0;
    while (i < self->worker_count && self->workers[i] != worker)
        i++;
    if (i == self->worker_count)
        return;
    free_worker(worker);
    self->workers[i] = self->workers[--self->worker_count];
}

/* Wardens first: each ends what is below it. Then what a warden that was killed has left. */
void supervisor_workers_end_all(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        supervisor_workers_stop(self->workers[i]);
    for (size_t i = 0; i < self->worker_count; i++) {
        while (waitpid(self->workers[i]->process.pid, NULL, 0) < 0 && errno == EINTR)
            ;
        free_worker(self->workers[i]);
    }
    self->worker_count = 0;
    child_list_end();
}

static struct worker_handle *find_warden(const struct supervisor *self, pid_t pid)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (self->workers[i]->process.pid == pid)
            return self->workers[i];
    return NULL;
}

static bool is_known(const void *data, pid_t pid)
{
    const struct supervisor *self = data;
    return find_warden(self, pid) || guest_queue_owns(self->queue, pid);
}

struct worker_handle *supervisor_workers_reap(struct supervisor *self)
{
    pid_t pid;
    struct worker_handle *worker = NULL;
    while (!worker && (pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        worker = find_warden(self, pid);
        if (worker)
            worker->process.pid = -1;
        child_list_reaped(pid);
        child_list_kill(is_known, self); /* of a warden that was killed we get worker and QEMU */
    }
    return worker;
}

/* --- deadlines --- */

static uint64_t deadline_of(const struct supervisor *self, const struct worker_handle *worker)
{
    uint64_t deadline = worker->deadline;
    if (self->config->timeout && worker_handle_working(worker) && worker->given[0]->turn) {
        uint64_t answer = worker->given[0]->timed + self->config->timeout * CLOCK_SECOND;
        deadline = answer < deadline ? answer : deadline;
    }
    return deadline;
}

void supervisor_workers_watch(struct supervisor *self, struct poll_set *set, uint64_t *deadline)
{
    for (size_t i = 0; i < self->worker_count; i++) {
        struct worker_handle *worker = self->workers[i];
        uint64_t own = deadline_of(self, worker);
        bool ended = worker->state == WORKER_HANDLE_ENDED;
        bool sending = !ended && worker_handle_sending(worker);
        *deadline = own < *deadline ? own : *deadline;
        poll_set_add(set, ended ? -1 : worker->process.reports, POLLIN, &worker->readable);
        poll_set_add(set, sending ? worker->process.orders : -1, POLLOUT, &worker->writable);
    }
}

static void time_out_guest(const struct supervisor *self, struct worker_handle *worker)
{
    char why[64];
    snprintf(why, sizeof why, "no answer within %u s (--timeout)", self->config->timeout);
    worker_handle_raise_guest(worker, worker->given[0], STATUS_TIMEOUT, why);
}

void supervisor_workers_check_deadlines(struct supervisor *self)
{
    uint64_t now = clock_now();
    for (size_t i = 0; i < self->worker_count; i++) {
        struct worker_handle *worker = self->workers[i];
        if (worker->deadline <= now)
            worker_handle_raise(worker, WORKER_EVENT_FAILED, "it did not answer in time");
        else if (deadline_of(self, worker) <= now)
            time_out_guest(self, worker);
    }
}

void supervisor_workers_extend(struct supervisor *self, uint64_t deaf)
{
    for (size_t i = 0; i < self->worker_count; i++) {
        const struct worker_handle *worker = self->workers[i];
        if (worker->given_count > 0 && worker->given[0]->turn)
            worker->given[0]->timed += deaf;
    }
}
