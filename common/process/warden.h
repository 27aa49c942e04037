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
#include <sys/types.h>

/* Forks a warden, which forks a worker, which runs `work` and exits with its result. The worker has
 * only `keep` open (stdin and stdout are /dev/null, stderr is the pipe of child-messages.h),
 * signals at their defaults, no terminal, and a reduced environment (child-setup.h). The warden
 * runs `cleanup` when everything below it has ended. Returns the warden's pid, or -1 and *err. On
 * SIGTERM the warden ends everything below it and exits. */
pid_t warden_start(int (*work)(void *data), void (*cleanup)(void *data), void *data,
                   const int *keep, size_t keep_count, error **err);

#endif
