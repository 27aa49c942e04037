/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session.h"
#include "agent/util/channel.h"
#include "session-advice.h"
#include "session-input.h"
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

/* A daemon that the command left behind may hold its pipes for ever. */
#define SILENCE_MS 1000

/* A message costs much more than its bytes do, and the agent is woken at once (boot_keep()): after
 * a small one it lets some gather. */
#define REST_MS 2
#define SMALL (SESSION_CHUNK / 2)

enum state {
    STATE_FREE,    /* SESSION_START may come */
    STATE_RUNNING, /* … has come */
    STATE_OVER     /* the last message has been said: nothing is heard until a host calls */
};

struct session {
    event_loop *events;
    session_hangup *leaving;
    renewal *fresh;
    channel *link;
    session_input *input;
    unsigned calls; /* of the channel, as far as they have been seen */
    enum state state;
    struct session_process process; /* while it runs */
    int status;                     /* … when it has been reaped */
    char *program;
    int log; /* the kernel's, from the command's start on; -1: none */
    struct event_loop_watcher port;
    struct event_loop_watcher output;
    struct event_loop_watcher errors;
    struct event_loop_watcher silence;
    struct event_loop_watcher rest;
    bool resting;
    char chunk[SESSION_CHUNK];
};

static void run(session *self);

/* ---- the end ---- */

static void close_stream(session *self, struct event_loop_watcher *stream, int *fd)
{
    event_loop_close(self->events, stream);
    *fd = -1;
}

static void close_streams(session *self)
{
    session_input_close(self->input);
    close_stream(self, &self->output, &self->process.output);
    close_stream(self, &self->errors, &self->process.errors);
    session_process_close(&self->process);
    event_loop_timer_set(&self->silence, 0);
    event_loop_timer_set(&self->rest, 0);
    self->resting = false;
    free(STEAL(self->program));
    cleanup_fd(&self->log);
    self->log = -1;
}

/* The host is no longer interested: it has gone, or what it says cannot be understood. */
static void hang_up(session *self)
{
    if (self->state == STATE_RUNNING) {
        session_hangup_add(self->leaving, &self->process);
        close_streams(self);
    }
    self->state = STATE_FREE;
}

static int say(session *self, const session_tell *what)
{
    return channel_send(self->link, (xdrproc_t)xdr_session_tell, what);
}

/* Says the last message. */
static void conclude(session *self, const session_tell *last)
{
    say(self, last);
    self->state = STATE_OVER;
    channel_dismiss(self->link);
}

/* After all that the command itself has said. */
static void advise(session *self)
{
    char text[SESSION_ADVICE_MAX];
    session_tell what = {.kind = SESSION_ERRORS};
    if (!session_advice_end(steal_fd(&self->log), self->process.terminal, text))
        return;
    what.session_tell_u.errors.errors_val = text;
    what.session_tell_u.errors.errors_len = (u_int)strlen(text);
    say(self, &what);
}

static void fail(session *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(session *self, const char *format, ...)
{
    char text[1024];
    session_tell last = {.kind = SESSION_FAILED};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    hang_up(self);
    last.session_tell_u.failed.failed_val = text;
    last.session_tell_u.failed.failed_len = (u_int)strlen(text);
    conclude(self, &last);
}

/* When it has ended and all its output has come. */
static void finish(session *self)
{
    session_tell last = {.kind = SESSION_EXIT};
    session_exit *how = &last.session_tell_u.exit;
    if (self->state != STATE_RUNNING || !self->process.reaped || self->output.fd >= 0 ||
        self->errors.fd >= 0)
        return;
    how->signalled = WIFSIGNALED(self->status);
    how->code = (u_int)(how->signalled ? WTERMSIG(self->status) : WEXITSTATUS(self->status));
    advise(self);
    close_streams(self);
    conclude(self, &last);
}

/* ---- output ---- */

/* Only while the host takes it: the rest stays in the pipes, and the program waits. */
static void watch_output(session *self)
{
    uint32_t interest = self->resting || channel_pending(self->link) ? 0 : EPOLLIN;
    event_loop_watch(self->events, &self->output, interest);
    event_loop_watch(self->events, &self->errors, interest);
}

/* Whether there was any. */
static bool take_output(session *self, struct event_loop_watcher *stream, int *fd,
                        session_tell_kind kind)
{
    session_tell what = {.kind = kind};
    if (stream->fd < 0)
        return false;
    ssize_t count = read(stream->fd, self->chunk, sizeof self->chunk);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (count <= 0) { /* a terminal that no process has open any more says EIO */
        close_stream(self, stream, fd);
        finish(self);
        return false;
    }
    if (self->process.reaped)
        event_loop_timer_set(&self->silence, SILENCE_MS);
    /* The bytes of both kinds are at the same place of the union. */
    what.session_tell_u.output.output_val = self->chunk;
    what.session_tell_u.output.output_len = (u_int)count;
    say(self, &what);
    self->resting = count < SMALL;
    if (self->resting)
        event_loop_timer_set(&self->rest, REST_MS);
    return true;
}

static bool take_stdout(session *self)
{
    return take_output(self, &self->output, &self->process.output, SESSION_OUTPUT);
}

static bool take_stderr(session *self)
{
    return take_output(self, &self->errors, &self->process.errors, SESSION_ERRORS);
}

static void on_output(void *owner, uint32_t events)
{
    (void)events;
    take_stdout(owner);
    run(owner);
}

static void on_errors(void *owner, uint32_t events)
{
    (void)events;
    take_stderr(owner);
    run(owner);
}

static void on_rest(void *owner, uint32_t events)
{
    session *self = owner;
    (void)events;
    self->resting = false;
    run(self);
}

static void on_silence(void *owner, uint32_t events)
{
    session *self = owner;
    (void)events;
    if (self->state != STATE_RUNNING || !self->process.reaped)
        return;
    if (channel_pending(self->link)) { /* it is the host that is silent */
        event_loop_timer_set(&self->silence, SILENCE_MS);
    } else if (!(take_stdout(self) | take_stderr(self))) {
        close_stream(self, &self->output, &self->process.output);
        close_stream(self, &self->errors, &self->process.errors);
        finish(self);
    }
    run(self);
}

/* ---- what the host says ---- */

static void start(session *self, const session_start *how)
{
    if (how->protocol != SESSION_VERSION) {
        fail(self, "the appliance speaks version %d of the session protocol, not %u",
             SESSION_VERSION, how->protocol);
        return;
    }
    const char *objection = renewal_is_done(self->fresh)
                                ? session_process_objection(how)
                                : "the appliance has not got random bytes of its host yet";
    if (objection) {
        fail(self, "%s", objection);
        return;
    }
    self->log = session_advice_begin();
    const argument *program = &how->arguments.arguments_val[0];
    int result = session_process_start(&self->process, how);
    if (result < 0) {
        cleanup_fd(&self->log);
        fail(self, "cannot start a program: %s", strerror(-result));
        return;
    }
    self->program = strndup(program->text.text_val, program->text.text_len);
    self->state = STATE_RUNNING;
    session_input_begin(self->input, &self->process);
    self->output.fd = self->process.output;
    self->errors.fd = self->process.errors;
}

static void take_input(session *self, const char *bytes, u_int length)
{
    if (!session_input_take(self->input, bytes, length))
        fail(self, "the host sent more input than it was asked for");
}

static void signal_it(session *self, unsigned number)
{
    if (number < 1 || number > 64)
        fail(self, "there is no signal %u", number);
    else
        session_process_signal(&self->process, (int)number);
}

static void set_clock(session *self, uint64_t host)
{
    int result = renewal_set_clock(self->fresh, host);
    if (result < 0)
        fail(self, "the clock: %s", strerror(-result));
}

static void obey(session *self, const session_ask *asked)
{
    if (asked->kind == SESSION_TIME) {
        set_clock(self, asked->session_ask_u.time);
        return;
    }
    if (asked->kind == SESSION_START) {
        if (self->state == STATE_FREE)
            start(self, &asked->session_ask_u.start);
        else
            fail(self, "a command is running on this port");
        return;
    }
    if (self->state == STATE_FREE) {
        fail(self, "the host did not begin with SESSION_START");
        return;
    }
    switch (asked->kind) {
    case SESSION_INPUT:
        take_input(self, asked->session_ask_u.input.input_val,
                   asked->session_ask_u.input.input_len);
        break;
    case SESSION_INPUT_END:
        session_input_end(self->input);
        break;
    case SESSION_SIGNAL:
        signal_it(self, asked->session_ask_u.number);
        break;
    case SESSION_RESIZE:
        session_process_resize(&self->process, &asked->session_ask_u.resize);
        break;
    default:
        break;
    }
}

/* Hears what the host says; -EPIPE where it has gone. */
static int listen_to_host(session *self)
{
    for (;;) {
        session_ask asked;
        memset(&asked, 0, sizeof asked);
        int result = channel_receive(self->link, (xdrproc_t)xdr_session_ask, &asked, sizeof asked);
        /* Another host is there, and that the former one went was not seen. */
        if (channel_calls(self->link) != self->calls) {
            self->calls = channel_calls(self->link);
            hang_up(self);
        }
        if (result == -EBADMSG)
            fail(self, "what the host said cannot be understood");
        else if (result <= 0)
            return result;
        else
            obey(self, &asked);
        xdr_free((xdrproc_t)xdr_session_ask, &asked);
    }
}

static void ask_for_more(session *self)
{
    session_tell what = {.kind = SESSION_MORE,
                         .session_tell_u.more = session_input_more(self->input)};
    if (what.session_tell_u.more > 0)
        say(self, &what);
}

/* Goes as far as it can; to be called after every event. */
static void run(session *self)
{
    int result = channel_connected(self->link) ? listen_to_host(self) : -EPIPE;
    if (self->state == STATE_RUNNING)
        ask_for_more(self);
    if (result == 0)
        result = channel_flush(self->link);
    if (result < 0) {
        hang_up(self);
        channel_drop(self->link);
        return;
    }
    if (self->state == STATE_RUNNING)
        watch_output(self);
}

static void on_input(void *owner)
{
    run(owner);
}

static void on_port(void *owner, uint32_t events)
{
    session *self = owner;
    channel_event(self->link, events);
    run(self);
}

/* ---- for the agent ---- */

session *session_new(int fd, event_loop *events, session_hangup *leaving, renewal *fresh)
{
    session *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->events = events;
    self->log = -1;
    self->leaving = leaving;
    self->fresh = fresh;
    self->process =
        (struct session_process){.input = -1, .output = -1, .errors = -1, .verdict = -1};
    self->port = (struct event_loop_watcher){.fd = fd, .ready = on_port, .owner = self};
    self->output = (struct event_loop_watcher){.fd = -1, .ready = on_output, .owner = self};
    self->errors = (struct event_loop_watcher){.fd = -1, .ready = on_errors, .owner = self};
    self->silence = (struct event_loop_watcher){.fd = -1, .ready = on_silence, .owner = self};
    self->rest = (struct event_loop_watcher){.fd = -1, .ready = on_rest, .owner = self};
    self->link = channel_new(fd);
    self->input = session_input_new(events, on_input, self);
    if (self->link && self->input && event_loop_timer(events, &self->silence) == 0 &&
        event_loop_timer(events, &self->rest) == 0 &&
        event_loop_watch(events, &self->port, channel_interest()) == 0)
        return self;
    event_loop_close(events, &self->silence);
    event_loop_close(events, &self->rest);
    session_input_free(self->input);
    channel_free(self->link);
    free(self);
    return NULL;
}

bool session_reaped(session *self, pid_t pid, int status)
{
    if (self->state != STATE_RUNNING || self->process.reaped || self->process.pid != pid)
        return false;
    int verdict = session_process_verdict(&self->process);
    self->process.reaped = true;
    self->status = status;
    if (verdict < 0)
        fail(self, "%.512s: %s", self->program ? self->program : "", strerror(-verdict));
    else
        event_loop_timer_set(&self->silence, SILENCE_MS);
    finish(self);
    run(self);
    return true;
}

bool session_active(const session *self)
{
    return channel_connected(self->link) || self->state == STATE_RUNNING;
}

void session_kill(session *self)
{
    if (self->state == STATE_RUNNING)
        session_process_signal(&self->process, SIGKILL);
}
