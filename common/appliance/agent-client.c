/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent-client.h"

#include "base/clock.h"
#include "base/wall-clock.h"
#include "wire/frame.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

/* Requests that have no answer yet. The agent holds one of them, the others wait in the channel. */
#define AGENT_CLIENT_WINDOW 256

struct open_request {
    const struct agent_client_kind *kind;
    unsigned serial;
    size_t disks; /* that it is about */
};

struct agent_client {
    int fd;
    frame_reader *reader;
    frame_writer *writer;
    unsigned next_serial;
    size_t first, count; /* a ring */
    struct open_request open[AGENT_CLIENT_WINDOW];
    bool late; /* agent_client_wait() has given up: the next answer is not that to the next question
                */
};

/* Other than that of a connection before this one. */
static unsigned random_serial(void)
{
    unsigned serial = 1;
    return getrandom(&serial, sizeof serial, GRND_NONBLOCK) == (ssize_t)sizeof serial ? serial : 1;
}

agent_client *agent_client_new(int fd, error **err)
{
    agent_client *self = calloc(1, sizeof *self);
    if (self) {
        self->fd = fd;
        self->next_serial = random_serial();
        self->reader = frame_reader_new();
        self->writer = frame_writer_new(PROTOCOL_MAX_FRAME);
    }
    if (!self || !self->reader || !self->writer || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        error_set_errno(err, ERROR_APPLIANCE, errno, "cannot talk to the agent");
        if (self)
            agent_client_free(self);
        else
            close(fd);
        return NULL;
    }
    return self;
}

void agent_client_free(agent_client *self)
{
    if (!self)
        return;
    close(self->fd);
    frame_reader_free(self->reader);
    frame_writer_free(self->writer);
    free(self);
}

int agent_client_fd(const agent_client *self)
{
    return self->fd;
}

bool agent_client_wants_write(const agent_client *self)
{
    return frame_writer_pending(self->writer) > 0;
}

size_t agent_client_pending(const agent_client *self)
{
    return self->count;
}

int agent_client_ask(agent_client *self, const struct agent_client_kind *kind,
                     const request_body *body, size_t disks, error **err)
{
    request message = {.serial = self->next_serial, .body = *body};
    if (self->late)
        return error_set(err, ERROR_TIMEOUT,
                         "the appliance has not answered what it was asked before");
    if (self->count == AGENT_CLIENT_WINDOW)
        return error_set(err, ERROR_APPLIANCE, "more than %d questions to the agent",
                         AGENT_CLIENT_WINDOW);
    int put = frame_writer_put(self->writer, (xdrproc_t)xdr_request, &message);
    if (put < 0)
        return error_set_errno(err, ERROR_APPLIANCE, -put, "cannot ask the agent");
    self->open[(self->first + self->count++) % AGENT_CLIENT_WINDOW] =
        (struct open_request){kind, self->next_serial++, disks};
    return agent_client_flush(self, err);
}

/* --- kinds of requests --- */

int agent_client_distrust(error **err, const char *what)
{
    return error_set(err, ERROR_APPLIANCE, "the appliance cannot be trusted any more: its agent %s",
                     what);
}

static int check_hello(const answer_body *told, size_t disks, error **err)
{
    unsigned version = told->answer_body_u.hello.protocol_version;
    (void)disks;
    if (version != PROTOCOL_VERSION)
        return error_set(err, ERROR_APPLIANCE,
                         "the appliance speaks protocol version %u, this program %d", version,
                         PROTOCOL_VERSION);
    return 0;
}

static bool is_label(const char *label, u_int length)
{
    for (u_int i = 0; i < length; i++)
        if (!((label[i] >= 'a' && label[i] <= 'z') || (label[i] >= 'A' && label[i] <= 'Z')))
            return false;
    return true;
}

/* A disk that has a label has been named. */
static bool is_listed(const listed *entry)
{
    return entry->disk.slot < SLOT_COUNT && (entry->named == 0 || entry->named == 1) &&
           (entry->named || entry->label.label_len == 0) &&
           is_label(entry->label.label_val, entry->label.label_len);
}

static int check_list(const answer_body *told, size_t asked, error **err)
{
    const list_ret *result = &told->answer_body_u.list;
    const listed *disks = result->disks.disks_val;
    (void)asked;
    for (u_int i = 0; i < result->disks.disks_len; i++)
        if (!is_listed(&disks[i]) || (i > 0 && disks[i].disk.slot <= disks[i - 1].disk.slot))
            return agent_client_distrust(err, "listed disks that cannot be");
    return 0;
}

static const struct agent_client_kind hello = {.op = OP_HELLO, .check = check_hello},
                                      prepare = {.op = OP_PREPARE}, gone = {.op = OP_GONE},
                                      keep = {.op = OP_KEEP}, name = {.op = OP_NAME},
                                      release = {.op = OP_RELEASE},
                                      list = {.op = OP_LIST, .check = check_list},
                                      renew = {.op = OP_RENEW};

int agent_client_hello(agent_client *self, error **err)
{
    request_body body = {.op = OP_HELLO};
    int called = frame_writer_call(self->writer);
    if (called < 0)
        return error_set_errno(err, ERROR_APPLIANCE, -called, "cannot ask the agent");
    body.request_body_u.protocol_version = PROTOCOL_VERSION;
    return agent_client_ask(self, &hello, &body, 0, err);
}

int agent_client_renew(agent_client *self, error **err)
{
    request_body body = {.op = OP_RENEW};
    struct renew_args *fresh = &body.request_body_u.renew;
    if (getrandom(fresh->seed, sizeof fresh->seed, 0) != (ssize_t)sizeof fresh->seed)
        return error_set_errno(err, ERROR_HOST, errno, "no random bytes");
    fresh->time = wall_clock_now();
    int sent = agent_client_ask(self, &renew, &body, 0, err);
    explicit_bzero(fresh->seed, sizeof fresh->seed);
    return sent;
}

int agent_client_prepare(agent_client *self, error **err)
{
    return agent_client_ask(self, &prepare, &(request_body){.op = OP_PREPARE}, 0, err);
}

int agent_client_gone(agent_client *self, const gone_args *args, error **err)
{
    request_body body = {.op = OP_GONE, .request_body_u.gone = *args};
    return agent_client_ask(self, &gone, &body, 0, err);
}

int agent_client_keep(agent_client *self, unsigned idle, error **err)
{
    request_body body = {.op = OP_KEEP, .request_body_u.keep.idle = idle};
    return agent_client_ask(self, &keep, &body, 0, err);
}

int agent_client_name(agent_client *self, const name_args *args, error **err)
{
    request_body body = {.op = OP_NAME, .request_body_u.name = *args};
    return agent_client_ask(self, &name, &body, 0, err);
}

int agent_client_release(agent_client *self, const release_args *args, error **err)
{
    request_body body = {.op = OP_RELEASE, .request_body_u.release = *args};
    return agent_client_ask(self, &release, &body, 0, err);
}

int agent_client_list(agent_client *self, error **err)
{
    return agent_client_ask(self, &list, &(request_body){.op = OP_LIST}, 0, err);
}

/* --- out and in --- */

int agent_client_flush(agent_client *self, error **err)
{
    int flushed = frame_writer_flush(self->writer, self->fd);
    return flushed < 0 ? error_set_errno(err, ERROR_APPLIANCE, -flushed, "cannot ask the agent")
                       : 0;
}

int agent_client_fill(agent_client *self, error **err)
{
    int got = frame_reader_fill(self->reader, self->fd);
    if (got == 0)
        return error_set(err, ERROR_APPLIANCE, "the appliance has ended");
    if (got < 0 && got != -EAGAIN)
        return error_set_errno(err, ERROR_APPLIANCE, -got, "cannot hear the agent");
    return 0;
}

static bool is_replay(const struct open_request *asked, const answer *reply)
{
    return asked->kind->replays && reply->body.op == OP_REPLAY;
}

static int check_answer(const struct open_request *asked, const answer *reply, error **err)
{
    bool replays = is_replay(asked, reply);
    if (reply->serial != asked->serial || (reply->body.op != asked->kind->op && !replays))
        return agent_client_distrust(err, "answered a question that was not asked");
    return asked->kind->check && !replays ? asked->kind->check(&reply->body, asked->disks, err) : 0;
}

/* The next answer, to whatever request: 1 and *reply; 0: none; -1 and *err. */
static int receive(agent_client *self, answer *reply, error **err)
{
    const void *body;
    size_t length;
    int got = frame_reader_next(self->reader, &body, &length);
    if (got == 0)
        return 0;
    if (got < 0)
        return agent_client_distrust(err, "sent a message that is too long");
    if (self->count == 0)
        return agent_client_distrust(err, "spoke without being asked");
    memset(reply, 0, sizeof *reply);
    if (frame_decode((xdrproc_t)xdr_answer, reply, sizeof *reply, body, length) < 0)
        return agent_client_distrust(err, "sent a message that is none");
    return 1;
}

int agent_client_next(agent_client *self, answer *reply, error **err)
{
    const struct open_request *asked = &self->open[self->first];
    int got;
    /* Until HELLO is answered, answers to the host before us may still come. */
    while ((got = receive(self, reply, err)) > 0 && asked->kind == &hello &&
           reply->serial != asked->serial)
        agent_client_answer_clear(reply);
    if (got <= 0)
        return got;
    if (check_answer(asked, reply, err) < 0) {
        agent_client_answer_clear(reply);
        return -1;
    }
    if (is_replay(asked, reply) || (asked->kind->continues && asked->kind->continues(&reply->body)))
        return 1;
    self->first = (self->first + 1) % AGENT_CLIENT_WINDOW;
    self->count--;
    return 1;
}

int agent_client_wait(agent_client *self, uint64_t deadline, answer *reply, error **err)
{
    for (;;) {
        int got = agent_client_next(self, reply, err);
        if (got != 0)
            return got < 0 ? -1 : 0;
        struct pollfd poll_fd = {self->fd, POLLIN | (agent_client_wants_write(self) ? POLLOUT : 0),
                                 0};
        /* One that talks without end is no answer either. */
        int ready = clock_now() < deadline ? poll(&poll_fd, 1, clock_poll_timeout(deadline)) : 0;
        if (ready == 0) {
            self->late = true;
            return error_set(err, ERROR_TIMEOUT, "no answer from the appliance in time");
        }
        if (ready < 0 && errno != EINTR)
            return error_set_errno(err, ERROR_APPLIANCE, errno, "cannot wait for the agent");
        if (ready > 0 && poll_fd.revents & POLLOUT && agent_client_flush(self, err) < 0)
            return -1;
        if (ready > 0 && poll_fd.revents & ~POLLOUT && agent_client_fill(self, err) < 0)
            return -1;
    }
}

int agent_client_take_done(answer *reply, enum error_kind kind, error **err)
{
    /* All answers of that kind have the one layout. */
    const done_ret *done = &reply->body.answer_body_u.gone;
    int result = 0;
    if (done->message.message_len > 0)
        result =
            error_set(err, kind, "%.*s", (int)done->message.message_len, done->message.message_val);
    agent_client_answer_clear(reply);
    return result;
}

int agent_client_wait_done(agent_client *self, uint64_t deadline, enum error_kind kind, error **err)
{
    answer reply = {0};
    if (agent_client_wait(self, deadline, &reply, err) < 0)
        return -1;
    return agent_client_take_done(&reply, kind, err);
}

int agent_client_greet(agent_client *self, uint64_t deadline, error **err)
{
    answer hello = {0};
    if (agent_client_hello(self, err) < 0 || agent_client_renew(self, err) < 0 ||
        agent_client_wait(self, deadline, &hello, err) < 0)
        return -1;
    agent_client_answer_clear(&hello);
    if (agent_client_wait_done(self, deadline, ERROR_APPLIANCE, err) < 0)
        return error_prefix(err, "the appliance has not been renewed");
    return 0;
}

void agent_client_answer_clear(answer *reply)
{
    xdr_free((xdrproc_t)xdr_answer, reply);
    memset(reply, 0, sizeof *reply);
}
