/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* pipe2 */
#include "lookup.h"

#include "child.h"
#include "clock.h"
#include "found-guest.h"
#include "frame.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct lookup_teller {
    int fd;
    frame_writer *out;
};

struct lookup {
    int fd; /* -1: it has ended */
    frame_reader *in;
    bool trace;        /* traces were asked for */
    unsigned timeout;  /* seconds; 0: none */
    uint64_t deadline; /* CLOCK_NEVER while nobody waits */
};

/* --- the process that looks --- */

static int tell(lookup_teller *teller, const found *record)
{
    int result = frame_writer_put(teller->out, (xdrproc_t)xdr_found, record);

    return result == 0 ? frame_writer_flush(teller->out, teller->fd) : result;
}

/* Its chains are longer than a frame; nobody's are. */
static int tell_too_long(lookup_teller *teller, const struct guest *guest)
{
    static char why[] = "the names of its images are too long";
    found record = {.kind = FOUND_GUEST};
    found_guest *refused = &record.found_u.guest;

    if (found_write(guest, refused) < 0)
        return -1;
    found_clear(&(found_guest){.images = refused->images});
    refused->images.images_len = 0;
    refused->images.images_val = NULL;
    refused->status = STATUS_REFUSED;
    refused->message.message_val = why;
    refused->message.message_len = sizeof why - 1;
    return tell(teller, &record);
}

int lookup_tell_guest(lookup_teller *teller, const struct guest *guest)
{
    found record = {.kind = FOUND_GUEST};

    if (found_write(guest, &record.found_u.guest) < 0)
        return -1;
    int result = tell(teller, &record);
    found_clear(&record.found_u.guest);
    if (result == -EMSGSIZE)
        result = tell_too_long(teller, guest);
    return result < 0 ? -1 : 0;
}

static int tell_text(lookup_teller *teller, found_kind kind, const char *text)
{
    found record = {.kind = kind};
    size_t length = strlen(text);

    record.found_u.text.text_val = (char *)(uintptr_t)text;
    record.found_u.text.text_len = (u_int)(length < MAX_FOUND_TEXT ? length : MAX_FOUND_TEXT);
    return tell(teller, &record) < 0 ? -1 : 0;
}

int lookup_tell_trace(lookup_teller *teller, const char *text)
{
    return tell_text(teller, FOUND_TRACE, text);
}

/* A connection may hang, so it takes a thread to see that the reader has gone. */
static void *watch_reader(void *data)
{
    const lookup_teller *teller = data;
    struct pollfd gone = {.fd = teller->fd}; /* POLLERR comes unasked */

    while (poll(&gone, 1, -1) < 0)
        ;
    _exit(1);
}

static int look(lookup_work work, const struct lookup_query *query, int fd)
{
    lookup_teller teller = {.fd = fd, .out = frame_writer_new(PROTOCOL_MAX_FRAME)};
    AUTO_ERROR error *err = NULL;
    pthread_t watch;

    prctl(PR_SET_NAME, "vlt-lookup");
    child_default_signals();
    if (child_close_others(&fd, 1) < 0)
        return 1;
    child_detach_streams();
    if (!teller.out || pthread_create(&watch, NULL, watch_reader, &teller) != 0)
        return 1;
    int result = work(query, &teller, &err) < 0
                     ? tell_text(&teller, FOUND_FAILED, error_message(err))
                     : tell(&teller, &(found){.kind = FOUND_END});
    return result < 0;
}

/* --- the process that wants to know --- */

static const char nonsense[] = "what the process that asks libvirt says makes no sense";

/* The process in between ends at once, so that init is the parent of the other one and of whatever
 * that starts. Where it cannot start the other one, nobody holds the pipe: that is seen as its end.
 */
static int start_process(lookup_work work, const struct lookup_query *query, int fd, error **err)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(fork() == 0 ? look(work, query, fd) : 0);
    if (pid < 0)
        return error_set_errno(err, STATUS_CRASHED, errno, "cannot start a process");
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}

lookup *lookup_start(lookup_work work, const struct lookup_query *query, unsigned timeout,
                     error **err)
{
    AUTO_LOOKUP lookup *self = calloc(1, sizeof *self);
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
        error_set_errno(err, STATUS_CRASHED, errno, "cannot make a pipe");
        return NULL;
    }
    self->fd = ends[0];
    int result = start_process(work, query, ends[1], err);
    close(ends[1]);
    return result < 0 ? NULL : STEAL(self);
}

static void stop(lookup *self)
{
    if (self->fd >= 0)
        close(steal_fd(&self->fd));
    self->deadline = CLOCK_NEVER;
}

void lookup_free(lookup *self)
{
    if (!self)
        return;
    stop(self);
    frame_reader_free(self->in);
    free(self);
}

int lookup_fd(const lookup *self)
{
    return self->fd;
}

uint64_t lookup_deadline(const lookup *self)
{
    return self->deadline;
}

/* The end that is not all. */
static enum lookup_next fail(lookup *self, enum status status, const char *why, error **err)
{
    stop(self);
    error_set(err, status, "%s", why);
    return LOOKUP_END;
}

static char *text_of(const found *record)
{
    return record->found_u.text.text_len
               ? strndup(record->found_u.text.text_val, record->found_u.text.text_len)
               : strdup("");
}

static enum lookup_next take_text(lookup *self, const found *record, char **text, error **err)
{
    AUTO_FREE char *copy = text_of(record);

    if (!copy)
        return fail(self, STATUS_CRASHED, "out of memory", err);
    if (record->kind == FOUND_FAILED)
        return fail(self, STATUS_UNREADABLE, copy, err);
    *text = STEAL(copy);
    return LOOKUP_TRACE;
}

static enum lookup_next take(lookup *self, const found *record, struct guest **guest, char **text,
                             error **err)
{
    AUTO_ERROR error *why = NULL;

    switch (record->kind) {
    case FOUND_GUEST:
        *guest = found_read(&record->found_u.guest, &why);
        return *guest ? LOOKUP_GUEST : fail(self, error_status(why), error_message(why), err);
    case FOUND_TRACE:
        if (!self->trace)
            return fail(self, STATUS_UNREADABLE, nonsense, err);
        return take_text(self, record, text, err);
    case FOUND_FAILED:
        return take_text(self, record, text, err);
    case FOUND_END:
        break;
    }
    stop(self);
    return LOOKUP_END;
}

static enum lookup_next take_frame(lookup *self, const void *body, size_t length,
                                   struct guest **guest, char **text, error **err)
{
    found record = {0};

    if (frame_decode((xdrproc_t)xdr_found, &record, sizeof record, body, length) < 0)
        return fail(self, STATUS_UNREADABLE, nonsense, err);
    enum lookup_next next = take(self, &record, guest, text, err);
    if (record.kind == FOUND_GUEST)
        found_wipe(&record.found_u.guest);
    xdr_free((xdrproc_t)xdr_found, (char *)&record);
    return next;
}

static enum lookup_next wait_for_it(lookup *self, error **err)
{
    char why[80];

    if (self->deadline == CLOCK_NEVER && self->timeout > 0)
        self->deadline = clock_now() + self->timeout * CLOCK_SECOND;
    if (self->deadline > clock_now())
        return LOOKUP_WAIT;
    snprintf(why, sizeof why, "libvirt did not answer within %u s (--timeout)", self->timeout);
    return fail(self, STATUS_TIMEOUT, why, err);
}

enum lookup_next lookup_next(lookup *self, struct guest **guest, char **text, error **err)
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
            return fail(self, STATUS_UNREADABLE, "the process that asks libvirt has ended", err);
    }
    return LOOKUP_END;
}
