/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the agent's wire (protocol.x): requests out, answers in, in order.
 *
 * The agent may have been taken over by an image. Whatever it says is bounded by the frame and by
 * protocol.x before it is allocated, and checked here before anybody sees it: an answer that was
 * not asked for, or whose values are outside their ranges, is an error, after which the
 * connection is good for nothing more. */
#ifndef VLT_RPC_H
#define VLT_RPC_H

#include "base/error.h"
#include "wire/protocol.h"
#include <stdbool.h>

typedef struct agent_client agent_client;

/* Takes over fd, a connected stream socket, and makes it non-blocking. NULL and *err. */
agent_client *agent_client_new(int fd, error **err);
void agent_client_free(agent_client *self);

int agent_client_fd(const agent_client *self);           /* to poll; still the rpc's */
bool agent_client_wants_write(const agent_client *self); /* poll it for POLLOUT too */
size_t agent_client_pending(const agent_client *self);   /* requests without an answer */

int agent_client_hello(agent_client *self, error **err);
int agent_client_prepare(agent_client *self, error **err);
int agent_client_scan(agent_client *self, const scan_args *args, error **err);
int agent_client_ls(agent_client *self, const ls_args *args, error **err);
int agent_client_gone(agent_client *self, const gone_args *args, error **err);
int agent_client_keep(agent_client *self, unsigned idle, error **err);
int agent_client_name(agent_client *self, const name_args *args, error **err);
int agent_client_release(agent_client *self, const release_args *args, error **err);
int agent_client_list(agent_client *self, error **err);

/* Sends what waits to be sent. 0 or -1 and *err. */
int agent_client_flush(agent_client *self, error **err);

/* Reads what has come, without blocking. 0 or -1 and *err (the agent closed it, an I/O error). */
int agent_client_fill(agent_client *self, error **err);

/* The answer to the oldest open request, if it has come: 1 and *reply, which the caller ends with
 * agent_client_answer_clear(); 0: not yet; -1 and *err: it is not an answer to that request. To
 * OP_LS there are several: that request is open until one says that it is the last. */
int agent_client_next(agent_client *self, answer *reply, error **err);

/* Sends what waits, then waits for the next answer, until the deadline (clock.h). 0 or -1 and *err
 * (STATUS_TIMEOUT): nothing can be asked after that, as what comes late would be taken for its
 * answer. */
int agent_client_wait(agent_client *self, uint64_t deadline, answer *reply, error **err);

void agent_client_answer_clear(answer *reply);

/* Whether a scan's result of so many disks is one that an honest agent could give. Pure. */
int agent_client_check_scan(const scan_ret *result, size_t disks, error **err);
/* The same of a list. */
int agent_client_check_list(const list_ret *result, error **err);

static inline void cleanup_agent_client(agent_client **self)
{
    agent_client_free(*self);
}
#define AUTO_AGENT_CLIENT CLEANUP(cleanup_agent_client)

#endif
