/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the agent's wire (protocol.x): requests out, answers in, in order.
 *
 * The agent may have been taken over by an image. Whatever it says is bounded by the frame and by
 * protocol.x before it is allocated, and checked here before anybody sees it: an answer that was
 * not asked for, or whose values are outside their ranges, is an error, after which the
 * connection is good for nothing more. */
#ifndef VLT_RPC_H
#define VLT_RPC_H

#include "error.h"
#include <stdbool.h>

typedef struct rpc rpc;

/* Takes over fd, a connected stream socket, and makes it non-blocking. NULL and *err. */
rpc *rpc_new(int fd, error **err);
void rpc_free(rpc *self);

int rpc_fd(const rpc *self);           /* to poll; still the rpc's */
bool rpc_wants_write(const rpc *self); /* poll it for POLLOUT too */
size_t rpc_pending(const rpc *self);   /* requests without an answer */

int rpc_hello(rpc *self, error **err);
int rpc_prepare(rpc *self, error **err);
int rpc_scan(rpc *self, const scan_args *args, error **err);
int rpc_ls(rpc *self, const ls_args *args, error **err);
int rpc_gone(rpc *self, const gone_args *args, error **err);
int rpc_keep(rpc *self, unsigned idle, error **err);
int rpc_name(rpc *self, const name_args *args, error **err);
int rpc_release(rpc *self, const release_args *args, error **err);
int rpc_list(rpc *self, error **err);

/* Sends what waits to be sent. 0 or -1 and *err. */
int rpc_flush(rpc *self, error **err);

/* Reads what has come, without blocking. 0 or -1 and *err (the agent closed it, an I/O error). */
int rpc_fill(rpc *self, error **err);

/* The answer to the oldest open request, if it has come: 1 and *reply, which the caller ends with
 * rpc_answer_clear(); 0: not yet; -1 and *err: it is not an answer to that request. To OP_LS there
 * are several: that request is open until one says that it is the last. */
int rpc_next(rpc *self, answer *reply, error **err);

/* Sends what waits, then waits for the next answer, until the deadline (clock.h). 0 or -1 and *err
 * (STATUS_TIMEOUT): nothing can be asked after that, as what comes late would be taken for its
 * answer. */
int rpc_wait(rpc *self, uint64_t deadline, answer *reply, error **err);

void rpc_answer_clear(answer *reply);

/* Whether a scan's result of so many disks is one that an honest agent could give. Pure. */
int rpc_check_scan(const scan_ret *result, size_t disks, error **err);
/* The same of a list. */
int rpc_check_list(const list_ret *result, error **err);

static inline void cleanup_rpc(rpc **self)
{
    rpc_free(*self);
}
#define AUTO_RPC CLEANUP(cleanup_rpc)

#endif
