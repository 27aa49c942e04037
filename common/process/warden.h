/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A warden stands between the supervisor and a worker: a process that does nothing but reap.
 *
 * libvirt waits until a QEMU that it killed has vanished from the process table. A daemonised QEMU
 * is the nearest subreaper's child, so the subreaper must reap at once. The process that runs
 * libvirt cannot do that, because wait(-1) would steal libvirt's own children. When the worker
 * ends, the warden inherits the processes that it left and kills them. When the supervisor ends,
 * for any reason, the kernel signals the warden, which kills everything below it. */
#ifndef VLT_WARDEN_H
#define VLT_WARDEN_H

#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

/* Forks a warden, which forks a worker, which runs `work` and exits with its result. The worker has
 * only `keep` open (stdin and stdout are /dev/null, stderr is the pipe of child-messages.h),
 * signals at their defaults, no terminal, and a reduced environment (child-setup.h). The warden
 * runs `cleanup` when everything below it has ended. Returns the warden's pid, or -1 and *err. On
 * SIGTERM the warden ends everything below it and exits. */
pid_t warden_start(int (*work)(void *data), void (*cleanup)(void *data), void *data,
                   const int *keep, size_t keep_count, error **err);

/* The same for a caller whose child has steps of its own before it becomes a warden. */
struct warden_task {
    int (*work)(void *data);
    void *data;
    const int *keep; /* descriptors of the worker; the warden closes them */
    size_t keep_count;
    bool outlived; /* what is left when the work has returned 0 lives on, without the warden */
};

/* fork(), with SIGTERM blocked in the child: one that comes before the child waits for it is not
 * lost. */
pid_t warden_fork(void);

/* In that child, which has one thread: forks the worker, and returns its exit code when all below
 * has ended; 1 where the worker did not exit, or where SIGTERM came or `parent` ended first. */
int warden_watch(const struct warden_task *task, pid_t parent);

#endif
