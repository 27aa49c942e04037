/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/template-capabilities.h"
#include "base/text-format.h"
#include "supervisor-internal.h"
#include "wire/status.h"

#include <string.h>

/* An appliance that has not been given a disk has probed the host anew. Once one of this run has,
 * it could reach the others' directories where there is no Landlock. */
static void keep_probed(struct supervisor *self, const struct worker_handle *worker)
{
    self->stats->probes++;
    if (self->stats->waves > 0)
        return;
    int kept = template_capabilities_renew(self->template.template_dir, worker->root, &self->box);
    AUTO_FREE char *text =
        text_format("what was saved of the hypervisor's capabilities was stale; %s: %s",
                    kept == 0 ? "the new ones are saved" : "the new ones are not saved",
                    kept == 0 ? self->template.template_dir : strerror(-kept));
    if (text)
        supervisor_say(self, LOG_VERBOSE, text);
}

static int on_ready(struct supervisor *self, struct worker_handle *worker,
                    const ready_report *ready)
{
    if (worker->state != WORKER_HANDLE_STARTING)
        return -1;
    worker->state = WORKER_HANDLE_READY;
    worker->deadline = CLOCK_NEVER;
    self->start_failures = 0;
    self->start_cost = ready->took;
    self->stats->start += ready->took;
    if (ready->restored)
        self->stats->restores++;
    else
        self->stats->boots++;
    if (ready->probed)
        keep_probed(self, worker);
    return 0;
}

/* The worker owes no answer for this guest any more: the next one's turn begins. */
static void settle(struct supervisor *self, struct worker_handle *worker, const struct entry *entry,
                   uint64_t attached)
{
    worker_handle_answered(worker, entry);
    worker->answered++;
    self->stats->attach += attached;
    worker_handle_begin_turn(worker);
    if (worker->state == WORKER_HANDLE_FINISHING && worker->given_count == 0)
        worker->deadline = clock_now() + FINISH_TIMEOUT * CLOCK_SECOND;
}

/* An image that has taken over the agent may ask for more than there is. */
static void on_last_answer(struct supervisor *self, struct worker_handle *worker,
                           struct entry *entry, uint64_t attached)
{
    bool larger = worker->grows && entry->memory == MEMORY_USUAL;
    if ((entry->answer.need == NEED_ALONE && entry->alone) ||
        (entry->answer.need == NEED_MEMORY && !larger)) {
        worker_handle_raise(worker, WORKER_EVENT_FAILED, "its agent asked for what it has");
        return;
    }
    const scan_times *times = &entry->answer.times;
    self->stats->wait += times->waited;
    self->stats->probe += times->probed;
    self->stats->mount += times->mounted;
    if (entry->answer.need == NEED_NOTHING)
        guest_queue_answer(self->queue, entry, worker_handle_since_turn(entry));
    else if (entry->answer.need == NEED_ALONE)
        guest_queue_put_alone(self->queue, entry);
    else
        guest_queue_put_large(self->queue, entry);
    settle(self, worker, entry, attached);
}

/* They are counted, so the guest is asked about again for as many as were in time. */
static void on_replay(struct worker_handle *worker, struct entry *entry, bool begins)
{
    AUTO_ERROR error *err = NULL;
    if (entry->replaying == begins) {
        agent_client_distrust(&err, "replays two journals at once, or none");
        worker_handle_raise(worker, WORKER_EVENT_FAILED, error_message(err));
    }
    entry->replaying = begins;
    entry->replays += begins;
}

/* Of the guest whose turn it is: the agent answers one question after the other. */
static int on_answer(struct supervisor *self, struct worker_handle *worker, answer_report *told)
{
    AUTO_ERROR error *err = NULL;
    const struct question *question = &self->config->question;
    const struct agent_client_kind *kind = &question->ops->request;
    struct entry *entry = worker_handle_find(worker, told->guest);
    if (entry && entry == worker->given[0] && kind->replays && told->body.op == OP_REPLAY) {
        on_replay(worker, entry, told->body.answer_body_u.replay.begins);
        return 0;
    }
    if (!entry || entry != worker->given[0] || told->body.op != kind->op ||
        (kind->check && kind->check(&told->body, entry->guest->image_count, &err) < 0))
        return -1;
    bool last = !question_continues(question, &told->body);
    int taken =
        question->ops->take(question->asked, &self->spools, &told->body, &entry->answer, &err);
    if (taken == 0 && last)
        on_last_answer(self, worker, entry, told->attached);
    else if (taken < 0 && error_kind(err) == ERROR_APPLIANCE)
        worker_handle_raise(worker, WORKER_EVENT_FAILED, error_message(err));
    else if (taken < 0)
        worker_handle_raise_guest(worker, entry, status_of_error(error_kind(err)),
                                  error_message(err));
    return 0;
}

/* New memory; NULL: no memory. No bytes may be a NULL pointer. */
static char *text_of(const char *bytes, size_t length)
{
    return length ? strndup(bytes, length) : strdup("");
}

static int on_refusal(struct supervisor *self, struct worker_handle *worker,
                      const refusal_report *refusal)
{
    struct entry *entry = worker_handle_find(worker, refusal->guest);
    if (!entry || refusal->status == STATUS_OK || (unsigned)refusal->status > STATUS_CRASHED)
        return -1;
    AUTO_FREE char *why = text_of(refusal->message.message_val, refusal->message.message_len);
    guest_queue_refuse(self->queue, entry, refusal->status, why ? why : "no memory",
                       worker_handle_since_turn(entry));
    settle(self, worker, entry, refusal->attached);
    return 0;
}

static int on_emptied(struct supervisor *self, struct worker_handle *worker, uint64_t took)
{
    if (worker->state != WORKER_HANDLE_EMPTYING)
        return -1;
    self->empty_cost = worker->used ? took / worker->used : took;
    self->stats->emptied++;
    worker->used = 0;
    worker->state = WORKER_HANDLE_READY;
    worker->deadline = CLOCK_NEVER;
    return 0;
}

static void say(const struct supervisor *self, enum supervisor_log level, const char *what,
                const char *bytes, size_t length)
{
    AUTO_FREE char *text = text_format("%s%.*s", what, (int)length, length ? bytes : "");
    if (text)
        supervisor_say(self, level, text);
}

/* It says why it ends; at most MAX_MESSAGE bytes. */
static void on_failed(struct worker_handle *worker, const char *bytes, size_t length)
{
    AUTO_FREE char *why = text_of(bytes, length);
    worker_handle_raise(worker, WORKER_EVENT_FAILED, why);
}

/* 0; -1: the worker cannot be believed. */
static int on_report(struct supervisor *self, struct worker_handle *worker, report *message)
{
    switch (message->kind) {
    case REPORT_READY:
        return on_ready(self, worker, &message->report_u.ready);
    case REPORT_ANSWER:
        return on_answer(self, worker, &message->report_u.answer);
    case REPORT_REFUSAL:
        return on_refusal(self, worker, &message->report_u.refusal);
    case REPORT_EMPTIED:
        return on_emptied(self, worker, message->report_u.emptied);
    case REPORT_FAILED:
        on_failed(worker, message->report_u.failed.failed_val, message->report_u.failed.failed_len);
        return 0;
    case REPORT_LOG:
        say(self, LOG_TRACE, "", message->report_u.log.log_val, message->report_u.log.log_len);
        return 0;
    case REPORT_CONSOLE:
        say(self, LOG_VERBOSE, "its console: ", message->report_u.console.console_val,
            message->report_u.console.console_len);
        return 0;
    case REPORT_SAVED:
        break;
    }
    return -1;
}

static void on_frame(struct supervisor *self, struct worker_handle *worker, const void *body,
                     size_t length)
{
    report message = {0};
    if (frame_decode((xdrproc_t)xdr_report, &message, sizeof message, body, length) < 0) {
        worker_handle_raise(worker, WORKER_EVENT_FAILED, "its worker sent an invalid message");
        return;
    }
    if (on_report(self, worker, &message) < 0)
        worker_handle_raise(worker, WORKER_EVENT_FAILED, "its worker cannot be believed");
    xdr_free((xdrproc_t)xdr_report, &message);
}

/* Its socket has closed, as that of a worker that was told to finish, and has, must. Only its
 * warden knows whether the process has ended, too. */
static void on_end(struct worker_handle *worker)
{
    if (worker->state != WORKER_HANDLE_FINISHING || worker->given_count > 0)
        worker_handle_raise(worker, WORKER_EVENT_VANISHED, "its worker has ended");
    else
        worker_handle_raise(worker, WORKER_EVENT_FINISHED, NULL);
}

void supervisor_reports_hear(struct supervisor *self, struct worker_handle *worker)
{
    const void *body;
    size_t length;
    int got = frame_reader_fill(worker->reader, worker->process.reports), next = 0;
    while (worker_handle_undisturbed(worker) &&
           (next = frame_reader_next(worker->reader, &body, &length)) > 0)
        on_frame(self, worker, body, length);
    if (worker_handle_undisturbed(worker) && (next < 0 || got == 0 || (got < 0 && got != -EAGAIN)))
        on_end(worker);
}
