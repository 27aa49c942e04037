/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor-internal.h"

#include "base/pid-signal.h"
#include "process/child-list.h"
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define NEW_APPLIANCE_TIMEOUT 60 /* seconds: a restore takes 0.3 s on an idle machine */
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

bool supervisor_admit(struct supervisor *self)
{
    if (self->start_failures < MAX_START_FAILURES)
        return true;
    if (any_worker(self))
        return false;
    self->start_failures = 0;
    return true;
}

static int start(struct supervisor *self, error **err)
{
    char name[32];
    struct worker_handle *worker = calloc(1, sizeof *worker);
    if (!worker)
        return error_no_memory(err);
    snprintf(name, sizeof name, "w%u", self->next_root++);
    worker->root = run_directory_subdirectory(self->run, name, err);
    worker->reader = frame_reader_new();
    struct worker_config config = {
        .factory = self->config->factory ? self->config->factory : hypervisor_libvirt_new,
        .appliance = self->template.appliance,
        .sandbox = self->box,
        .root = worker->root,
        .template_dir = self->template.template_dir,
        .memory_path = self->template.memory_path,
        .start_timeout = NEW_APPLIANCE_TIMEOUT,
        .trace = self->config->trace,
        .question = self->config->question,
        .keys = self->config->keys,
    };
    if (!worker->root || !worker->reader || worker_start(&config, &worker->process, err) < 0) {
        worker->process = (struct worker){-1, -1, -1};
        free_worker(worker);
        return -1;
    }
    worker->deadline = clock_now() + NEW_APPLIANCE_TIMEOUT * CLOCK_SECOND;
    self->workers[self->worker_count++] = worker;
    return 0;
}

int supervisor_start(struct supervisor *self, error **err)
{
    AUTO_ERROR error *failed = NULL;
    if (start(self, &failed) == 0)
        return 0;
    if (!any_worker(self))
        return error_propagate(err, STEAL(failed));
    self->start_failures = MAX_START_FAILURES;
    supervisor_say(self, LOG_VERBOSE, error_message(failed));
    return 0;
}

void supervisor_say(const struct supervisor *self, enum supervisor_log level, const char *text)
{
    self->client->log(self->client->data, level, text);
}

void supervisor_begin_turn(struct worker_handle *worker)
{
    if (worker->given_count > 0 && worker->given[0]->turn == 0)
        /* Connecting to its images was part of it. */
        worker->given[0]->turn = worker->given[0]->timed =
            clock_now() - worker->given[0]->connecting;
}

uint64_t supervisor_since_turn(const struct entry *entry)
{
    return entry->turn ? clock_now() - entry->turn : 0;
}

/* --- the end of a worker --- */

/* Takes its guests away from it. They wait again: as they were if their worker vanished, which an
 * image can hardly have done, apart otherwise; or the one that was alone is the culprit. */
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
                           supervisor_since_turn(left[0]));
}

/* Once reaped its number may be somebody else's. */
static void end_warden(const struct worker_handle *worker)
{
    pid_signal(worker->process.pid, SIGTERM);
}

void supervisor_dismiss(struct worker_handle *worker)
{
    end_warden(worker);
    worker->state = WORKER_HANDLE_ENDED;
    worker->deadline = CLOCK_NEVER;
}

static void end_worker(struct supervisor *self, struct worker_handle *worker, bool vanished,
                       const char *why)
{
    if (worker->state == WORKER_HANDLE_ENDED)
        return;
    supervisor_dismiss(worker);
    reclaim(self, worker, vanished, why);
}

/* Those behind it have lost nothing but their place. Where it took too long, it may have been one
 * of those that had been attached: they go on by themselves. */
void supervisor_give_up(struct supervisor *self, struct worker_handle *worker, struct entry *entry,
                        enum status status, const char *why)
{
    worker_handle_answered(worker, entry);
    guest_queue_refuse(self->queue, entry, status, why, supervisor_since_turn(entry));
    if (status == STATUS_TIMEOUT)
        guest_queue_put_apart(self->queue, worker->given, worker->given_count);
    else
        guest_queue_give_back(self->queue, worker->given, worker->given_count);
    worker->given_count = 0;
    end_worker(self, worker, false, why);
}

static void forget_worker(struct supervisor *self, size_t index)
{
    free_worker(self->workers[index]);
    self->workers[index] = self->workers[--self->worker_count];
}

static int lose(struct supervisor *self, struct worker_handle *worker, bool vanished,
                const char *why, error **err)
{
    AUTO_FREE char *text = NULL;
    bool starting = worker->state == WORKER_HANDLE_STARTING;
    if (worker->state == WORKER_HANDLE_ENDED)
        return 0;
    if (asprintf(&text, "the appliance is lost: %s", why) < 0)
        text = NULL;
    if (text)
        supervisor_say(self, LOG_VERBOSE, text);
    end_worker(self, worker, vanished, text ? text : "the appliance is lost");
    if (starting && ++self->start_failures >= MAX_START_FAILURES && !any_worker(self))
        return error_set(err, ERROR_HOST, "%s", why);
    return 0;
}

int supervisor_fail(struct supervisor *self, struct worker_handle *worker, const char *why,
                    error **err)
{
    return lose(self, worker, false, why, err);
}

int supervisor_vanish(struct supervisor *self, struct worker_handle *worker, const char *why,
                      error **err)
{
    return lose(self, worker, true, why, err);
}

/* Everything that is ours ends: wardens first, they see to theirs; then what those have left that
 * were killed. */
void supervisor_end_all(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        end_warden(self->workers[i]);
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

/* What it said before it ended still counts, above all its last answer, and why it ended. One that
 * has been taken over may talk on: it is heard for as long as what is there now can take, by pages,
 * and its end. */
static int hear_out(struct supervisor *self, struct worker_handle *worker, error **err)
{
    struct pollfd readable = {worker->process.reports, POLLIN, 0};
    int bytes = 0, result = 0;
    ioctl(worker->process.reports, FIONREAD, &bytes);
    for (int left = bytes / 4096 + 2;
         result == 0 && left > 0 && worker->state != WORKER_HANDLE_ENDED &&
         poll(&readable, 1, 0) == 1;
         left--)
        result = supervisor_hear(self, worker, err);
    return result;
}

void supervisor_refused(struct supervisor *self, struct worker_handle *worker)
{
    end_warden(worker);
    hear_out(self, worker, NULL);
    end_worker(self, worker, true, "its worker takes no orders");
}

static int bury(struct supervisor *self, struct worker_handle *worker, error **err)
{
    worker->process.pid = -1;
    int result = hear_out(self, worker, err);
    if (result == 0 && worker->state != WORKER_HANDLE_ENDED)
        result = supervisor_vanish(self, worker, "its worker was killed", err);
    for (size_t i = 0; i < self->worker_count; i++)
        if (self->workers[i] == worker) {
            forget_worker(self, i);
            break;
        }
    return result;
}

int supervisor_reap(struct supervisor *self, error **err)
{
    pid_t pid;
    int result = 0;
    while (result == 0 && (pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        struct worker_handle *worker = find_warden(self, pid);
        if (worker)
            worker->process.pid = -1;
        child_list_reaped(pid);
        child_list_kill(is_known, self); /* of a warden that was killed we get worker and QEMU */
        if (worker)
            result = bury(self, worker, err);
    }
    return result;
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

uint64_t supervisor_next_deadline(const struct supervisor *self)
{
    uint64_t next = CLOCK_NEVER;
    for (size_t i = 0; i < self->worker_count; i++) {
        uint64_t deadline = deadline_of(self, self->workers[i]);
        next = deadline < next ? deadline : next;
    }
    return next;
}

static void time_out_guest(struct supervisor *self, struct worker_handle *worker)
{
    char why[64];
    snprintf(why, sizeof why, "no answer within %u s (--timeout)", self->config->timeout);
    supervisor_give_up(self, worker, worker->given[0], STATUS_TIMEOUT, why);
}

int supervisor_check_deadlines(struct supervisor *self, error **err)
{
    uint64_t now = clock_now();
    for (size_t i = 0; i < self->worker_count; i++) {
        struct worker_handle *worker = self->workers[i];
        if (deadline_of(self, worker) > now)
            continue;
        if (worker->deadline > now)
            time_out_guest(self, worker);
        else if (supervisor_fail(self, worker, "it did not answer in time", err) < 0)
            return -1;
    }
    return 0;
}

void supervisor_excuse(struct supervisor *self, uint64_t deaf)
{
    for (size_t i = 0; i < self->worker_count; i++) {
        const struct worker_handle *worker = self->workers[i];
        if (worker->given_count > 0 && worker->given[0]->turn)
            worker->given[0]->timed += deaf;
    }
}
