/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests whose images are elsewhere: connected to before they are given to anybody. */
#include "supervisor-internal.h"
#include "wire/status.h"

#include <stdio.h>

static uint64_t deadline_of(const struct supervisor *self, const struct entry *entry)
{
    return self->config->timeout
               ? remote_since(entry->connections) + self->config->timeout * CLOCK_SECOND
               : CLOCK_NEVER;
}

static void refuse(struct supervisor *self, struct entry *entry, enum status status,
                   const char *why)
{
    guest_queue_refuse(self->queue, entry, status, why,
                       clock_now() - remote_since(entry->connections));
}

bool supervisor_remote_excuse(struct supervisor *self, struct entry *entry)
{
    return entry->connections && remote_vanished(entry->connections) &&
           guest_queue_excuse(self->queue, &entry, 1, false);
}

/* Whether anything is that will end, and give back what it has of the host's. Those that are
 * connected do not where only one guest is given to anybody. */
static bool under_way(const struct supervisor *self)
{
    bool any = guest_queue_connections(self->queue) > 0 && !guest_queue_held_up(self->queue);
    for (size_t i = 0; i < self->worker_count; i++)
        any |= self->workers[i]->state != WORKER_HANDLE_READY ||
               worker_handle_working(self->workers[i]);
    return any;
}

/* Where a process cannot be had the host is short of something, which is no guest's fault: they
 * wait, and it is tried again when anything has happened. */
void supervisor_remote_connect_more(struct supervisor *self)
{
    const struct remote_means means = {.box = &self->box,
                                       .directory = run_directory_path(self->run),
                                       .keeper = self->backups ? backup_fd(self->backups) : -1};
    struct entry *entry = NULL;
    while ((entry = guest_queue_find(self->queue, ENTRY_FAR, NULL)) &&
           (guest_queue_connections(self->queue) < self->connecting ||
            guest_queue_is_first(self->queue, entry))) {
        AUTO_ERROR error *err = NULL;
        remote *connections = remote_start(entry->guest, &means, &err);
        if (connections)
            guest_queue_open(self->queue, entry, connections);
        else if (under_way(self))
            return;
        else
            guest_queue_refuse(self->queue, entry, status_of_error(error_kind(err)),
                               error_message(err), 0);
    }
}

static bool connecting(const struct worker_handle *worker)
{
    return worker->state != WORKER_HANDLE_ENDED && worker->handover.connecting;
}

size_t supervisor_remote_poll(const struct supervisor *self, struct pollfd fds[MAX_CONNECTED],
                              uint64_t *deadline)
{
    size_t count = 0;
    for (const struct entry *entry = NULL;
         count < MAX_CONNECTED && (entry = guest_queue_find(self->queue, ENTRY_OPENING, entry));) {
        uint64_t own = deadline_of(self, entry);
        *deadline = own < *deadline ? own : *deadline;
        fds[count++] = (struct pollfd){remote_fd(entry->connections), POLLIN, 0};
    }
    for (size_t i = 0; count < MAX_CONNECTED && i < self->worker_count; i++)
        if (connecting(self->workers[i]))
            fds[count++] = (struct pollfd){remote_fd(self->workers[i]->handover.entry->connections),
                                           POLLIN, 0};
    return count;
}

/* The first image that is waited for stands for all: the others come after it. */
static void time_out(struct supervisor *self, struct entry *entry)
{
    AUTO_FREE char *why = NULL;
    const struct guest_image *image = entry->guest->images;
    while (!image->remote)
        image++;
    if (asprintf(&why, "no answer from %s within %u s (--timeout)", image->path,
                 self->config->timeout) < 0)
        why = NULL;
    refuse(self, entry, STATUS_TIMEOUT, why ? why : "no answer in time");
}

/* Those that have an appliance have its deadlines, too. */
static void hear_of_connections(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++) {
        struct worker_handle *worker = self->workers[i];
        AUTO_ERROR error *err = NULL;
        int got = connecting(worker) ? worker_handle_connect(worker, &err) : 0;
        if (got > 0)
            supervisor_pursue(self, worker);
        else if (got < 0 && remote_vanished(worker->handover.entry->connections))
            supervisor_vanish(self, worker, error_message(err), NULL);
        else if (got < 0)
            supervisor_give_up(self, worker, worker->handover.entry,
                               status_of_error(error_kind(err)), error_message(err));
    }
}

/* Whoever has come is heard before it is late: nobody may have listened for a while. */
void supervisor_remote_hear_all(struct supervisor *self)
{
    hear_of_connections(self);
    struct entry *next = guest_queue_find(self->queue, ENTRY_OPENING, NULL);
    while (next) {
        AUTO_ERROR error *err = NULL;
        struct entry *entry = next;
        int got;
        next = guest_queue_find(self->queue, ENTRY_OPENING, entry);
        got = remote_hear(entry->connections, &err);
        if (got > 0)
            guest_queue_opened(self->queue, entry);
        else if (got < 0 && !supervisor_remote_excuse(self, entry))
            refuse(self, entry, status_of_error(error_kind(err)), error_message(err));
        else if (got == 0 && deadline_of(self, entry) <= clock_now())
            time_out(self, entry);
    }
}
