/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-input.h"
#include <string.h>

struct session_input {
    event_loop *events;
    void (*moved)(void *owner);
    void *owner;
    struct session_process *process;
    struct event_loop_watcher stream;
    uint32_t allowed; /* bytes that the host may still send */
    uint32_t owed;    /* … that it has not been told of */
    bool ended;       /* the host will send no more */
    bool line_begun;  /* the last byte was no newline */
    size_t start;     /* of what waits */
    size_t end;       /* … and its end; allowed + owed + it are never more than the window */
    char waiting[SESSION_WINDOW + 2]; /* and what ends a terminal's input */
};

static void on_stream(void *owner, uint32_t events);

session_input *session_input_new(event_loop *events, void (*moved)(void *owner), void *owner)
{
    session_input *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->events = events;
    self->moved = moved;
    self->owner = owner;
    self->stream = (struct event_loop_watcher){.fd = -1, .ready = on_stream, .owner = self};
    return self;
}

void session_input_free(session_input *self)
{
    free(self);
}

void session_input_begin(session_input *self, struct session_process *process)
{
    self->process = process;
    self->stream.fd = process->input;
    self->allowed = SESSION_WINDOW;
    self->owed = 0;
    self->start = self->end = 0;
    self->ended = self->line_begun = false;
}

void session_input_close(session_input *self)
{
    self->start = self->end = 0;
    event_loop_close(self->events, &self->stream);
    if (self->process)
        self->process->input = -1;
}

/* Gives the program as much as it takes. */
static void give(session_input *self)
{
    while (self->stream.fd >= 0 && self->start < self->end) {
        ssize_t count =
            write(self->stream.fd, self->waiting + self->start, self->end - self->start);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count <= 0) { /* it reads no more; what the host has sent is dropped */
            session_input_close(self);
            return;
        }
        self->start += (size_t)count;
        self->owed += (uint32_t)count;
    }
    bool all = self->start == self->end;
    if (all)
        self->start = self->end = 0;
    event_loop_watch(self->events, &self->stream, all ? 0 : EPOLLOUT);
    if (all && self->ended && !self->process->terminal)
        session_input_close(self);
}

static void on_stream(void *owner, uint32_t events)
{
    session_input *self = owner;
    if (events & (EPOLLHUP | EPOLLERR))
        session_input_close(self); /* there is no reader */
    else
        give(self);
    self->moved(self->owner);
}

bool session_input_take(session_input *self, const char *bytes, size_t length)
{
    if (self->ended || length > self->allowed)
        return false;
    self->allowed -= (uint32_t)length;
    if (self->stream.fd < 0 || length == 0)
        return true;
    if (self->start > 0) {
        self->end -= self->start;
        memmove(self->waiting, self->waiting + self->start, self->end);
        self->start = 0;
    }
    memcpy(self->waiting + self->end, bytes, length);
    self->end += length;
    self->line_begun = bytes[length - 1] != '\n';
    give(self);
    return true;
}

void session_input_end(session_input *self)
{
    if (self->stream.fd < 0 || self->ended)
        return;
    if (self->process->terminal)
        self->end += session_process_end_of_input(self->process, self->line_begun,
                                                  self->waiting + self->end);
    self->ended = true;
    give(self);
}

uint32_t session_input_more(session_input *self)
{
    uint32_t more = self->owed;
    if (self->ended || (self->start < self->end && more < SESSION_WINDOW / 2))
        return 0;
    self->allowed += more;
    self->owed = 0;
    return more;
}
