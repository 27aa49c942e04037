/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command-streams.h"

#include "base/signal-set.h"
#include "base/wall-clock.h"
#include "terminal.h"
#include "wire/frame.h"
#include "wire/session.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

/* A pipe that polls writable takes as many bytes without blocking (PIPE_BUF, pipe(7)): our stdout
 * is shared with other processes, so it is not made non-blocking. */
#define WRITE_MAX 4096

/* How often an appliance hears what time it is, in seconds, while a command runs in it: its clock
 * stands still while this host is suspended, and may drift. */
#define TIME_INTERVAL 60

/* What waits for one of our output streams. While anything does, nothing more is taken from the
 * appliance: that is the back-pressure. */
struct pending {
    int fd;
    char *bytes;
    size_t length, written;
};

struct command_streams {
    int port, signals, clock;
    bool terminal;
    bool input_open;
    uint32_t allowed; /* bytes of input that the agent is ready for */
    frame_reader *reader;
    frame_writer *writer;
    struct pending output;
    bool ended;
    int status;
};

/* --- to the appliance --- */

static int tell(struct command_streams *self, session_ask *ask, error **err)
{
    int put = frame_writer_put(self->writer, (xdrproc_t)xdr_session_ask, ask);
    return put < 0 ? error_set_errno(err, ERROR_HOST, -put, "cannot talk to the appliance") : 0;
}

static int tell_time(struct command_streams *self, error **err)
{
    return tell(self, &(session_ask){.kind = SESSION_TIME, .session_ask_u.time = wall_clock_now()},
                err);
}

static size_t count_words(char *const *words)
{
    size_t count = 0;
    while (words && words[count])
        count++;
    return count;
}

static argument *make_arguments(char *const *words, u_int *count)
{
    *count = (u_int)count_words(words);
    argument *arguments = calloc(*count + 1, sizeof *arguments);
    for (u_int i = 0; arguments && i < *count; i++) {
        arguments[i].text.text_val = words[i];
        arguments[i].text.text_len = (u_int)strlen(words[i]);
    }
    return arguments;
}

static int start(struct command_streams *self, const struct command_streams_program *command,
                 error **err)
{
    session_ask ask = {.kind = SESSION_START};
    session_start *how = &ask.session_ask_u.start;
    AUTO_FREE argument *arguments =
        make_arguments(command->arguments, &how->arguments.arguments_len);
    AUTO_FREE argument *environment =
        make_arguments(command->environment, &how->environment.environment_len);
    if (!arguments || !environment)
        return error_set(err, ERROR_REFUSED, "no memory");
    how->protocol = SESSION_VERSION;
    how->arguments.arguments_val = arguments;
    how->environment.environment_val = environment;
    how->terminal = command->terminal;
    terminal_size(&how->window.rows, &how->window.columns);
    int called = frame_writer_call(self->writer);
    if (called < 0)
        return error_set_errno(err, ERROR_HOST, -called, "cannot talk to the appliance");
    if (tell_time(self, err) < 0)
        return -1;
    int put = frame_writer_put(self->writer, (xdrproc_t)xdr_session_ask, &ask);
    return put < 0 ? error_set_errno(err, ERROR_REFUSED, put == -EMSGSIZE ? E2BIG : -put,
                                     "the command line")
                   : 0;
}

static int end_input(struct command_streams *self, error **err)
{
    self->input_open = false;
    return tell(self, &(session_ask){.kind = SESSION_INPUT_END}, err);
}

static int pass_input(struct command_streams *self, error **err)
{
    char bytes[SESSION_CHUNK];
    size_t most = self->allowed < sizeof bytes ? self->allowed : sizeof bytes;
    ssize_t got = read(STDIN_FILENO, bytes, most);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got <= 0)
        return end_input(self, err);
    session_ask ask = {.kind = SESSION_INPUT};
    ask.session_ask_u.input.input_len = (u_int)got;
    ask.session_ask_u.input.input_val = bytes;
    self->allowed -= (uint32_t)got;
    return tell(self, &ask, err);
}

static int pass_signal(struct command_streams *self, error **err)
{
    struct signalfd_siginfo info;
    session_ask ask = {.kind = SESSION_SIGNAL};
    if (read(self->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return 0;
    if (info.ssi_signo == SIGWINCH) {
        ask.kind = SESSION_RESIZE;
        terminal_size(&ask.session_ask_u.resize.rows, &ask.session_ask_u.resize.columns);
        return self->terminal ? tell(self, &ask, err) : 0;
    }
    ask.session_ask_u.number = info.ssi_signo;
    return tell(self, &ask, err);
}

static int on_clock(struct command_streams *self, error **err)
{
    int heard = wall_clock_heard(self->clock, TIME_INTERVAL);
    if (heard < 0)
        return error_set_errno(err, ERROR_HOST, -heard, "cannot watch the clock");
    return tell_time(self, err);
}

/* --- from the appliance --- */

static int keep_output(struct command_streams *self, int fd, char *bytes, u_int length, error **err)
{
    self->output = (struct pending){fd, malloc(length + 1), length, 0};
    if (!self->output.bytes)
        return error_no_memory(err);
    memcpy(self->output.bytes, bytes, length);
    return 0;
}

static int on_more(struct command_streams *self, u_int more, error **err)
{
    if (more > SESSION_WINDOW - self->allowed)
        return error_set(err, ERROR_APPLIANCE, "the appliance breaks the protocol");
    self->allowed += more;
    return 0;
}

static int on_tell(struct command_streams *self, session_tell *said, error **err)
{
    switch (said->kind) {
    case SESSION_OUTPUT:
        return keep_output(self, STDOUT_FILENO, said->session_tell_u.output.output_val,
                           said->session_tell_u.output.output_len, err);
    case SESSION_ERRORS:
        return keep_output(self, STDERR_FILENO, said->session_tell_u.errors.errors_val,
                           said->session_tell_u.errors.errors_len, err);
    case SESSION_MORE:
        return on_more(self, said->session_tell_u.more, err);
    case SESSION_FAILED:
        return error_set(err, ERROR_UNSUPPORTED, "%.*s",
                         (int)said->session_tell_u.failed.failed_len,
                         said->session_tell_u.failed.failed_val);
    case SESSION_EXIT:
        self->ended = true;
        self->status = (int)(said->session_tell_u.exit.code & 0xff) +
                       (said->session_tell_u.exit.signalled ? 128 : 0);
        return 0;
    }
    return error_set(err, ERROR_APPLIANCE, "the appliance breaks the protocol");
}

/* Takes messages until one gives something to write. */
static int take_messages(struct command_streams *self, error **err)
{
    const void *body;
    size_t length;
    int got = 0;
    while (!self->ended && !self->output.bytes &&
           (got = frame_reader_next(self->reader, &body, &length)) > 0) {
        session_tell said = {0};
        if (frame_decode((xdrproc_t)xdr_session_tell, &said, sizeof said, body, length) < 0)
            return error_set(err, ERROR_APPLIANCE, "the appliance breaks the protocol");
        int result = on_tell(self, &said, err);
        xdr_free((xdrproc_t)xdr_session_tell, &said);
        if (result < 0)
            return -1;
    }
    return got < 0 ? error_set(err, ERROR_APPLIANCE, "the appliance breaks the protocol") : 0;
}

static int hear(struct command_streams *self, error **err)
{
    int got = frame_reader_fill(self->reader, self->port);
    if (got == 0 || (got < 0 && got != -EAGAIN))
        return error_set(err, ERROR_APPLIANCE, "the appliance has ended");
    return take_messages(self, err);
}

static int write_output(struct command_streams *self, error **err)
{
    struct pending *out = &self->output;
    size_t left = out->length - out->written;
    ssize_t put = write(out->fd, out->bytes + out->written, left < WRITE_MAX ? left : WRITE_MAX);
    if (put < 0 && errno != EINTR && errno != EAGAIN)
        return error_set_errno(err, ERROR_REFUSED, errno, "write to standard %s",
                               out->fd == STDOUT_FILENO ? "output" : "error");
    out->written += put > 0 ? (size_t)put : 0;
    if (out->written < out->length)
        return 0;
    free(out->bytes);
    *out = (struct pending){0};
    return take_messages(self, err);
}

/* --- the loop --- */

static int flush(struct command_streams *self, error **err)
{
    int flushed = frame_writer_flush(self->writer, self->port);
    return flushed < 0 ? error_set(err, ERROR_APPLIANCE, "the appliance has ended") : 0;
}

static int turn(struct command_streams *self, error **err)
{
    bool full = frame_writer_pending(self->writer) > 0;
    bool writing = self->output.bytes != NULL;
    bool reading = self->input_open && self->allowed > 0 && !full;
    struct pollfd fds[] = {
        /* Not asked for anything, one that has ended would say so again and again. */
        {writing && !full ? -1 : self->port, (writing ? 0 : POLLIN) | (full ? POLLOUT : 0), 0},
        {self->signals, POLLIN, 0},
        {reading ? STDIN_FILENO : -1, POLLIN, 0},
        {writing ? self->output.fd : -1, POLLOUT, 0},
        {full ? -1 : self->clock, POLLIN, 0},
    };
    if (poll(fds, 5, -1) < 0)
        return errno == EINTR ? 0 : error_set_errno(err, ERROR_HOST, errno, "cannot wait");
    if (fds[1].revents && pass_signal(self, err) < 0)
        return -1;
    if (fds[2].revents && pass_input(self, err) < 0)
        return -1;
    if (fds[3].revents && write_output(self, err) < 0)
        return -1;
    if (fds[4].revents && on_clock(self, err) < 0)
        return -1;
    if (!writing && fds[0].revents & ~POLLOUT && hear(self, err) < 0)
        return -1;
    return flush(self, err);
}

static int prepare(struct command_streams *self, error **err)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
    sigset_t set;
    signal_set_not_ignored(&set, numbers, sizeof numbers / sizeof *numbers);
    sigprocmask(SIG_BLOCK, &set, NULL);
    self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    self->clock = wall_clock_open(TIME_INTERVAL);
    self->reader = frame_reader_new();
    self->writer = frame_writer_new(PROTOCOL_MAX_FRAME);
    if (self->signals < 0 || self->clock < 0 || !self->reader || !self->writer ||
        fcntl(self->port, F_SETFL, O_NONBLOCK) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot start");
    return 0;
}

int command_streams_run(int port, const struct command_streams_program *command, error **err)
{
    struct command_streams self = {.port = port,
                                   .signals = -1,
                                   .clock = -1,
                                   .terminal = command->terminal,
                                   .input_open = true,
                                   .allowed = SESSION_WINDOW};
    struct terminal saved = {0};
    int result = prepare(&self, err);
    if (result == 0)
        result = start(&self, command, err);
    if (result == 0 && command->terminal)
        result = terminal_raw(&saved, err);
    if (result == 0)
        result = flush(&self, err);
    while (result == 0 && !self.ended)
        result = turn(&self, err);
    terminal_restore(&saved);
    free(self.output.bytes);
    frame_reader_free(self.reader);
    frame_writer_free(self.writer);
    if (self.signals >= 0)
        close(self.signals);
    if (self.clock >= 0)
        close(self.clock);
    return result < 0 ? -1 : self.status;
}
