/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* pipe2 */
#include "guest-lookup.h"
#include "wire/status.h"

#include "base/clock.h"
#include "lookup-record.h"
#include "process/child-setup.h"
#include "wire/frame.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

struct guest_lookup_teller {
    int fd;
    frame_writer *out;
};

struct guest_lookup {
    int fd; /* -1: it has ended */
    frame_reader *in;
    bool trace;        /* traces were asked for */
    unsigned timeout;  /* seconds; 0: none */
    uint64_t deadline; /* CLOCK_NEVER while the list is not waiting */
};

/* --- the process that looks --- */

static int tell(guest_lookup_teller *teller, const found *record)
{
    int result = frame_writer_put(teller->out, (xdrproc_t)xdr_found, record);

    return result == 0 ? frame_writer_flush(teller->out, teller->fd) : result;
}

/* Its chains are longer than a frame, which does not occur in practice. */
static int tell_too_long(guest_lookup_teller *teller, const struct guest *guest)
{
    static char why[] = "the names of its images are too long";
    found record = {.kind = FOUND_GUEST};
    found_guest *refused = &record.found_u.guest;

    if (lookup_record_write(guest, refused) < 0)
        return -1;
    lookup_record_clear(&(found_guest){.images = refused->images});
    refused->images.images_len = 0;
    refused->images.images_val = NULL;
    refused->status = STATUS_REFUSED;
    refused->message.message_val = why;
    refused->message.message_len = sizeof why - 1;
    return tell(teller, &record);
}

int guest_lookup_tell_guest(guest_lookup_teller *teller, const struct guest *guest)
{
    found record = {.kind = FOUND_GUEST};

    if (lookup_record_write(guest, &record.found_u.guest) < 0)
        return -1;
    int result = tell(teller, &record);
    lookup_record_clear(&record.found_u.guest);
    if (result == -EMSGSIZE)
        result = tell_too_long(teller, guest);
    return result < 0 ? -1 : 0;
}

static int tell_text(guest_lookup_teller *teller, found_kind kind, const char *text)
{
    found record = {.kind = kind};
    size_t length = strlen(text);

    record.found_u.text.text_val = (char *)(uintptr_t)text;
    record.found_u.text.text_len = (u_int)(length < MAX_FOUND_TEXT ? length : MAX_FOUND_TEXT);
    return tell(teller, &record) < 0 ? -1 : 0;
}

int guest_lookup_tell_trace(guest_lookup_teller *teller, const char *text)
{
    return tell_text(teller, FOUND_TRACE, text);
}

int guest_lookup_tell_pool_end(guest_lookup_teller *teller)
{
    return tell(teller, &(found){.kind = FOUND_POOL_END}) < 0 ? -1 : 0;
}

/* A connection may hang, so it takes a thread to see that the reader has gone. */
static void *watch_reader(void *data)
{
    const guest_lookup_teller *teller = data;
    struct pollfd gone = {.fd = teller->fd}; /* POLLERR comes unasked */

    while (poll(&gone, 1, -1) < 0)
        ;
    _exit(1);
}

struct start {
    guest_lookup_work work;
    const struct guest_lookup_query *query;
    int fd;
};

static int look(void *data)
{
    const struct start *self = data;
    guest_lookup_teller teller = {.fd = self->fd, .out = frame_writer_new(PROTOCOL_MAX_FRAME)};
    AUTO_ERROR error *err = NULL;
    pthread_t watch;

    if (child_setup_begin("vlt-lookup", &self->fd, 1) < 0 || !teller.out ||
        pthread_create(&watch, NULL, watch_reader, &teller) != 0)
        return 1;
    int result = self->work(self->query, &teller, &err) < 0
                     ? tell_text(&teller, FOUND_FAILED, error_message(err))
                     : tell(&teller, &(found){.kind = FOUND_END});
    return result < 0;
}

/* --- the process that wants to know --- */

static const char nonsense[] = "what the process that asks libvirt says makes no sense";

guest_lookup *guest_lookup_start(guest_lookup_work work, const struct guest_lookup_query *query,
                                 unsigned timeout, error **err)
{
    AUTO_GUEST_LOOKUP guest_lookup *self = calloc(1, sizeof *self);
    int ends[2];

    if (!self || !(self->in = frame_reader_new())) {
        error_no_memory(err);
        return NULL;
    }
    self->fd = -1;
    self->trace = query->trace;
    self->timeout = timeout;
    self->deadline = CLOCK_NEVER;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
        return NULL;
    }
    self->fd = ends[0];
    /* Init is the parent of what libvirt starts, too. Where nothing runs, the pipe ends. */
    int result = child_setup_fork_orphan(look, &(struct start){work, query, ends[1]}, err);
    close(ends[1]);
    return result < 0 ? NULL : STEAL(self);
}

static void stop(guest_lookup *self)
{
    if (self->fd >= 0)
        close(steal_fd(&self->fd));
    self->deadline = CLOCK_NEVER;
}

void guest_lookup_free(guest_lookup *self)
{
    if (!self)
        return;
    stop(self);
    frame_reader_free(self->in);
    free(self);
}

int guest_lookup_fd(const guest_lookup *self)
{
    return self->fd;
}

uint64_t guest_lookup_deadline(const guest_lookup *self)
{
    return self->deadline;
}

/* The end that is not all. */
static enum guest_lookup_next fail(guest_lookup *self, enum error_kind kind, const char *why,
                                   error **err)
{
    stop(self);
    error_set(err, kind, "%s", why);
    return GUEST_LOOKUP_END;
}

static char *text_of(const found *record)
{
    return record->found_u.text.text_len
               ? strndup(record->found_u.text.text_val, record->found_u.text.text_len)
               : strdup("");
}

static enum guest_lookup_next take_text(guest_lookup *self, const found *record, char **text,
                                        error **err)
{
    AUTO_FREE char *copy = text_of(record);

    if (!copy)
        return fail(self, ERROR_MEMORY, "out of memory", err);
    if (record->kind == FOUND_FAILED)
        return fail(self, ERROR_UNREADABLE, copy, err);
    *text = STEAL(copy);
    return GUEST_LOOKUP_TRACE;
}

static enum guest_lookup_next take(guest_lookup *self, const found *record, struct guest **guest,
                                   char **text, error **err)
{
    AUTO_ERROR error *why = NULL;

    switch (record->kind) {
    case FOUND_GUEST:
        *guest = lookup_record_read(&record->found_u.guest, &why);
        return *guest ? GUEST_LOOKUP_GUEST : fail(self, error_kind(why), error_message(why), err);
    case FOUND_TRACE:
        if (!self->trace)
            return fail(self, ERROR_UNREADABLE, nonsense, err);
        return take_text(self, record, text, err);
    case FOUND_FAILED:
        return take_text(self, record, text, err);
    case FOUND_POOL_END:
        return GUEST_LOOKUP_POOL_END;
    case FOUND_END:
        break;
    }
    stop(self);
    return GUEST_LOOKUP_END;
}

static enum guest_lookup_next take_frame(guest_lookup *self, const void *body, size_t length,
                                         struct guest **guest, char **text, error **err)
{
    found record = {0};

    if (frame_decode((xdrproc_t)xdr_found, &record, sizeof record, body, length) < 0)
        return fail(self, ERROR_UNREADABLE, nonsense, err);
    enum guest_lookup_next next = take(self, &record, guest, text, err);
    if (record.kind == FOUND_GUEST)
        lookup_record_wipe(&record.found_u.guest);
    xdr_free((xdrproc_t)xdr_found, (char *)&record);
    return next;
}

static enum guest_lookup_next wait_for_it(guest_lookup *self, error **err)
{
    char why[80];

    if (self->deadline == CLOCK_NEVER && self->timeout > 0)
        self->deadline = clock_now() + self->timeout * CLOCK_SECOND;
    if (self->deadline > clock_now())
        return GUEST_LOOKUP_WAIT;
    snprintf(why, sizeof why, "libvirt did not answer within %u s (--timeout)", self->timeout);
    return fail(self, ERROR_TIMEOUT, why, err);
}

enum guest_lookup_next guest_lookup_next(guest_lookup *self, struct guest **guest, char **text,
                                         error **err)
{
    const void *body;
    size_t length;

    while (self->fd >= 0) {
        struct pollfd ready = {.fd = self->fd, .events = POLLIN};
        int got = frame_reader_next(self->in, &body, &length);
        if (got > 0) {
            self->deadline = CLOCK_NEVER;
            return take_frame(self, body, length, guest, text, err);
        }
        if (got == 0 && poll(&ready, 1, 0) < 1)
            return wait_for_it(self, err);
        if (got < 0 || frame_reader_fill(self->in, self->fd) <= 0)
            return fail(self, ERROR_UNREADABLE, "the process that asks libvirt has ended", err);
    }
    return GUEST_LOOKUP_END;
}
