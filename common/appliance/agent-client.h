/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the agent's wire (protocol.x): requests out, answers in, in order.
 *
 * An image may have taken over the agent. Its answers are bounded by the frame and by protocol.x
 * before memory is allocated for them, and checked here before the caller sees them: an answer
 * without a request, or with values outside their ranges, is an error, after which the connection
 * cannot be used any more. */
#ifndef VLT_AGENT_CLIENT_H
#define VLT_AGENT_CLIENT_H

#include "base/error.h"
#include "wire/protocol.h"
#include <stdbool.h>

typedef struct agent_client agent_client;

/* A kind of request, and the check of its answers. */
struct agent_client_kind {
    op op; /* of the request and of its answers */
    /* Whether an honest agent could give this answer to a request about `disks` disks. Pure. 0 or
     * -1 and *err, by agent_client_distrust(). NULL: any answer of this op is accepted. */
    int (*check)(const answer_body *told, size_t disks, error **err);
    /* Whether further answers to the same request follow this one. NULL: no. */
    bool (*continues)(const answer_body *told);
    bool replays; /* OP_REPLAY may come before its answers */
};

/* Takes over fd, a connected stream socket, and makes it non-blocking. NULL and *err. */
agent_client *agent_client_new(int fd, error **err);
void agent_client_free(agent_client *self);

int agent_client_fd(const agent_client *self);           /* to poll; still the client's */
bool agent_client_wants_write(const agent_client *self); /* poll it for POLLOUT too */
size_t agent_client_pending(const agent_client *self);   /* requests without an answer */

int agent_client_hello(agent_client *self, error **err);
/* Fresh random bytes and the time of this host; refused: a message in the answer. */
int agent_client_renew(agent_client *self, error **err);
int agent_client_prepare(agent_client *self, error **err);
int agent_client_gone(agent_client *self, const gone_args *args, error **err);
int agent_client_keep(agent_client *self, unsigned idle, error **err);
int agent_client_name(agent_client *self, const name_args *args, error **err);
int agent_client_release(agent_client *self, const release_args *args, error **err);
int agent_client_list(agent_client *self, error **err);
/* Sends a request about `disks` disks; the kind must outlive the client. 0 or -1 and *err. */
int agent_client_ask(agent_client *self, const struct agent_client_kind *kind,
                     const request_body *body, size_t disks, error **err);

/* Sends queued requests. 0 or -1 and *err. */
int agent_client_flush(agent_client *self, error **err);

/* Reads received bytes, without blocking. 0 or -1 and *err (the agent closed it, an I/O error). */
int agent_client_fill(agent_client *self, error **err);

/* The answer to the oldest open request: 1 and *reply, which the caller frees with
 * agent_client_answer_clear(); 0: not yet; -1 and *err: not an answer to that request. While the
 * kind's continues() is true the request stays open. */
int agent_client_next(agent_client *self, answer *reply, error **err);

/* Sends queued requests, then waits for the next answer until the deadline (clock.h). 0 or -1 and
 * *err (ERROR_TIMEOUT). After a timeout the connection cannot be used any more: a late answer would
 * be taken for that of the next request. */
int agent_client_wait(agent_client *self, uint64_t deadline, answer *reply, error **err);

/* The same for an answer that says no more than whether it worked (done_ret). Where it says that it
 * did not, its message is the error's, of that kind. */
int agent_client_wait_done(agent_client *self, uint64_t deadline, enum error_kind kind,
                           error **err);
/* The end of that: what an answer that only says whether it worked says. Clears the answer. 0, or
 * -1 and *err of that kind. */
int agent_client_take_done(answer *reply, enum error_kind kind, error **err);

/* How every connection begins: HELLO and RENEW. After that the appliance draws random numbers that
 * no other appliance of its template draws, and has this host's time. 0 or -1 and *err. */
int agent_client_greet(agent_client *self, uint64_t deadline, error **err);

void agent_client_answer_clear(answer *reply);

/* Sets *err: the agent did `what`, and cannot be trusted. Always -1. */
int agent_client_distrust(error **err, const char *what);

static inline void cleanup_agent_client(agent_client **self)
{
    agent_client_free(*self);
}
#define AUTO_AGENT_CLIENT CLEANUP(cleanup_agent_client)

#endif
