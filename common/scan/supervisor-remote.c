/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests whose images are elsewhere are connected to before they are given to a worker. */
#include "base/text-format.h"
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

/* Whether anything is under way that will end, and give back what it has of the host's. Guests that
 * are connected will not, while only the first guest is given to a worker. */
static bool under_way(const struct supervisor *self)
{
    bool any = guest_queue_connections(self->queue) > 0 && !guest_queue_held_up(self->queue);
    for (size_t i = 0; i < self->worker_count; i++)
        any |= self->workers[i]->state != WORKER_HANDLE_READY ||
               worker_handle_working(self->workers[i]);
    return any;
}

static bool is_packed(const struct guest *guest)
{
    for (size_t i = 0; i < guest->image_count; i++)
        if (guest->images[i].packed)
            return true;
    return false;
}

/* Unpacking takes a processor, as an appliance does. */
static unsigned unpacking(const struct supervisor *self)
{
    unsigned count = 0;
    for (const struct entry *entry = NULL;
         (entry = guest_queue_find(self->queue, ENTRY_OPENING, entry));)
        count += is_packed(entry->guest);
    return count;
}

static bool may_connect(const struct supervisor *self, const struct entry *entry)
{
    return guest_queue_is_first(self->queue, entry) ||
           (guest_queue_connections(self->queue) < self->connecting &&
            (!is_packed(entry->guest) || unpacking(self) < self->parallel));
}

/* Where no process can be started the host is short of something, and no guest is to blame: they
 * wait, and it is tried again after the next event. */
void supervisor_remote_connect_more(struct supervisor *self)
{
    const struct remote_means means = {.box = &self->box,
                                       .directory = run_directory_path(self->run),
                                       .keeper = self->backups ? backup_fd(self->backups) : -1};
    struct entry *entry = NULL;
    while ((entry = guest_queue_next_far(self->queue)) && may_connect(self, entry)) {
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

void supervisor_remote_watch(const struct supervisor *self, struct poll_set *set,
                             uint64_t *deadline)
{
    for (const struct entry *entry = NULL;
         (entry = guest_queue_find(self->queue, ENTRY_OPENING, entry));) {
        uint64_t own = deadline_of(self, entry);
        *deadline = own < *deadline ? own : *deadline;
        poll_set_add(set, remote_fd(entry->connections), POLLIN, NULL);
    }
    for (size_t i = 0; i < self->worker_count; i++)
        if (connecting(self->workers[i]))
            poll_set_add(set, remote_fd(self->workers[i]->handover.entry->connections), POLLIN,
                         NULL);
}

/* The first image that is waited for stands for all: the others come after it. */
static void time_out(struct supervisor *self, struct entry *entry)
{
    const struct guest_image *image = entry->guest->images;
    while (!guest_image_is_far(image))
        image++;
    AUTO_FREE char *why =
        text_format(image->packed ? "%s could not be unpacked within %u s (--timeout)"
                                  : "no answer from %s within %u s (--timeout)",
                    image->path, self->config->timeout);
    refuse(self, entry, STATUS_TIMEOUT, why ? why : "no answer in time");
}

/* Those that have a worker have its deadlines, too. */
static void hear_of_handover(struct worker_handle *worker)
{
    AUTO_ERROR error *err = NULL;
    int got = worker_handle_connect(worker, &err);
    if (got > 0)
        worker_handle_raise(worker, WORKER_EVENT_CONNECTED, NULL);
    else if (got < 0 && remote_vanished(worker->handover.entry->connections))
        worker_handle_raise(worker, WORKER_EVENT_VANISHED, error_message(err));
    else if (got < 0)
        worker_handle_raise_guest(worker, worker->handover.entry, status_of_error(error_kind(err)),
                                  error_message(err));
}

/* What has come is read before it is late: the supervisor may not have polled for a while. */
static void hear_of_opening(struct supervisor *self, struct entry *entry)
{
    AUTO_ERROR error *err = NULL;
    int got = remote_hear(entry->connections, &err);
    if (got > 0)
        guest_queue_opened(self->queue, entry);
    else if (got < 0 && !guest_queue_excuse_connections(self->queue, entry))
        refuse(self, entry, status_of_error(error_kind(err)), error_message(err));
    else if (got == 0 && deadline_of(self, entry) <= clock_now())
        time_out(self, entry);
}

void supervisor_remote_hear(struct supervisor *self)
{
    for (size_t i = 0; i < self->worker_count; i++)
        if (connecting(self->workers[i]))
            hear_of_handover(self->workers[i]);
    struct entry *next = guest_queue_find(self->queue, ENTRY_OPENING, NULL);
    while (next) {
        struct entry *entry = next;
        next = guest_queue_find(self->queue, ENTRY_OPENING, entry);
        hear_of_opening(self, entry);
    }
}
