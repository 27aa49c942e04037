/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker: a process with one appliance, working through a wave of guests (worker.x has its orders
 * and reports). It has only the rights of the sandbox, opens no image itself, and ends with its
 * appliance. A builder is a worker that saves its appliance as a template instead. */
#ifndef VLT_WORKER_H
#define VLT_WORKER_H

#include "appliance/appliance.h"
#include "process/sandbox.h"
#include "question.h"
#include "wire/worker.h"
#include <sys/types.h>

/* Guests that a worker has and has not answered, at most. Enough for attaching to run ahead of the
 * agent; few enough that two workers end at the same time, and that little is repeated when one
 * dies. */
#define WORKER_GUESTS_MAX 12

struct worker_config {
    const struct hypervisor_driver *driver;
    struct appliance_config appliance;
    struct sandbox sandbox;
    const char *root;         /* its directory, made for it; removed when all has ended */
    const char *template_dir; /* to restore from; NULL: boot */
    const char *memory_path;  /* and the memory that goes with it */
    bool memory_read_only;    /* which the worker only reads */
    bool waits;               /* … and until ORDER_START comes, it restores nothing */
    bool no_file;             /* it boots, and its memory is in no file */
    const char *build_dir;    /* builders: where the template goes; NULL: scan */
    unsigned start_timeout;   /* seconds */
    struct question question; /* what to ask about each guest; builders need none */
    const key_list *keys;     /* that go with it; NULL: none. It is told them by an order */
    bool trace;
};

struct worker {
    pid_t pid;   /* of its warden */
    int orders;  /* SOCK_SEQPACKET, non-blocking: one order a packet */
    int reports; /* stream of frames, non-blocking */
};

/* Starts it. The descriptors are the caller's; SIGTERM to the pid ends it and all below it.
 * 0 or -1 and *err. */
int worker_start(const struct worker_config *config, struct worker *worker, error **err);

/* Sends one order with the descriptors, which stay the caller's. 0; -EAGAIN when its socket is
 * full; another -errno. */
int worker_order(const struct worker *worker, const struct order *order, const int *fds,
                 size_t fd_count);

#endif
