/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor-internal.h"
#include "wire/status.h"

#include <inttypes.h>
#include <string.h>

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
    return 0;
}

static bool asked_for_listings(const struct supervisor *self)
{
    return self->config->question && self->config->question->op == OP_LS;
}

static int on_outcome(struct supervisor *self, struct worker_handle *worker, outcome *out)
{
    AUTO_ERROR error *err = NULL;
    struct entry *entry = worker_handle_find(worker, out->guest);
    if (!entry || agent_client_check_scan(&out->result, entry->guest->image_count, &err) < 0)
        return -1;
    worker_handle_answered(worker, entry);
    worker->answered++;
    self->stats->attach += out->attached;
    self->stats->wait += out->result.times.waited;
    self->stats->probe += out->result.times.probed;
    self->stats->mount += out->result.times.mounted;
    if (asked_for_listings(self)) {
        entry->notes_length = out->notes.notes_len;
        entry->notes = STEAL(out->notes.notes_val);
    }
    guest_queue_answer(self->queue, entry, &out->result, supervisor_since_turn(entry));
    supervisor_begin_turn(worker);
    if (worker->state == WORKER_HANDLE_FINISHING && worker->given_count == 0)
        worker->deadline = clock_now() + FINISH_TIMEOUT * CLOCK_SECOND;
    return 0;
}

/* Keeps it until the guest's outcome is there: only then is it known that all of it is. */
static int keep_part(struct supervisor *self, struct entry *entry, const part *some, error **err)
{
    uint64_t limit = self->config->listing_max ? self->config->listing_max : LISTING_MAX;
    if (!entry->listing)
        entry->listing = spool_new(&self->listings);
    if (!entry->listing)
        return error_no_memory(err);
    if (spool_bytes(entry->listing) + some->items.items_len > limit)
        return error_set(err, ERROR_HOST, "its listing has more than %" PRIu64 " bytes", limit);
    if (spool_add(entry->listing, some->items.items_val, some->items.items_len, err) < 0)
        return error_prefix(err, "its listing cannot be kept");
    return 0;
}

/* Of the guest whose turn it is: the agent answers one question after the other. */
static int on_part(struct supervisor *self, struct worker_handle *worker, const part *some,
                   char **failed)
{
    AUTO_ERROR error *err = NULL;
    struct entry *entry = worker_handle_find(worker, some->guest);
    if (!asked_for_listings(self) || !entry || entry != worker->given[0])
        return -1;
    if (listing_check_part(&entry->checked, &self->config->question->ls, some->items.items_val,
                           some->items.items_len, &err) < 0) {
        *failed = strdup(error_message(err));
        return -1;
    }
    if (some->items.items_len > 0 && keep_part(self, entry, some, &err) < 0)
        supervisor_give_up(self, worker, entry, status_of_error(error_kind(err)),
                           error_message(err));
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

/* New memory; NULL: no memory. No bytes may be a NULL pointer. */
static char *text_of(const char *bytes, size_t length)
{
    return length ? strndup(bytes, length) : strdup("");
}

static void say(const struct supervisor *self, enum supervisor_log level, const char *what,
                const char *bytes, size_t length)
{
    AUTO_FREE char *text = NULL;
    if (asprintf(&text, "%s%.*s", what, (int)length, length ? bytes : "") < 0)
        text = NULL;
    if (text)
        supervisor_say(self, level, text);
}

/* 0; -1: the worker cannot be believed. *failed is set where it says that it has failed (new
 * memory). */
static int on_report(struct supervisor *self, struct worker_handle *worker, report *message,
                     char **failed)
{
    switch (message->kind) {
    case REPORT_READY:
        return on_ready(self, worker, &message->report_u.ready);
    case REPORT_OUTCOME:
        return on_outcome(self, worker, &message->report_u.outcome);
    case REPORT_EMPTIED:
        return on_emptied(self, worker, message->report_u.emptied);
    case REPORT_FAILED:
        *failed = text_of(message->report_u.failed.failed_val, message->report_u.failed.failed_len);
        return *failed ? 0 : -1;
    case REPORT_LOG:
        say(self, LOG_TRACE, "", message->report_u.log.log_val, message->report_u.log.log_len);
        return 0;
    case REPORT_CONSOLE:
        say(self, LOG_VERBOSE, "its console: ", message->report_u.console.console_val,
            message->report_u.console.console_len);
        return 0;
    case REPORT_PART:
        return on_part(self, worker, &message->report_u.part, failed);
    case REPORT_SAVED:
        break;
    }
    return -1;
}

/* Its socket has closed. That of one that was told to finish, and has, was to be expected. Whether
 * it has ended, too, only its warden knows. */
static int on_end(struct supervisor *self, struct worker_handle *worker, error **err)
{
    if (worker->state != WORKER_HANDLE_FINISHING || worker->given_count > 0)
        return supervisor_vanish(self, worker, "its worker has ended", err);
    supervisor_dismiss(worker);
    return 0;
}

int supervisor_hear(struct supervisor *self, struct worker_handle *worker, error **err)
{
    const void *body;
    size_t length;
    int got = frame_reader_fill(worker->reader, worker->process.reports), next;
    while ((next = frame_reader_next(worker->reader, &body, &length)) > 0) {
        report message = {0};
        AUTO_FREE char *failed = NULL;
        if (frame_decode((xdrproc_t)xdr_report, &message, sizeof message, body, length) < 0)
            return supervisor_fail(self, worker, "its worker sent a message that is none", err);
        int believed = on_report(self, worker, &message, &failed);
        xdr_free((xdrproc_t)xdr_report, &message);
        if (failed)
            return supervisor_fail(self, worker, failed, err);
        if (believed < 0)
            return supervisor_fail(self, worker, "its worker cannot be believed", err);
        if (worker->state == WORKER_HANDLE_ENDED)
            return 0;
    }
    if (next < 0 || got == 0 || (got < 0 && got != -EAGAIN))
        return on_end(self, worker, err);
    return 0;
}
