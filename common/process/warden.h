/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A warden stands between the supervisor and a worker: a process that does nothing but reap.
 *
 * libvirt waits until a QEMU that it killed has vanished from the process table, and a QEMU that
 * has become a daemon is the nearest subreaper's child; so that must be somebody who reaps at once,
 * and not the process that runs libvirt, whose own children a wait(-1) would steal. The warden is
 * that one. When the worker ends, whatever it left behind is the warden's child, and is killed;
 * when the supervisor ends, however that comes about, the warden is told by the kernel and kills
 * everything. */
#ifndef VLT_WARDEN_H
#define VLT_WARDEN_H

#include "base/error.h"
#include <sys/types.h>

/* Forks a warden, which forks a worker, which runs `work` and exits with what that returns.
 * Before that all descriptors but stderr and `keep` are closed (stdin and stdout are /dev/null),
 * and signals are at their defaults. `cleanup` runs in the warden when everything below it has
 * ended. The warden's pid, or -1 and *err. Ask it to end everything with SIGTERM; it exits after
 * that. */
pid_t warden_start(int (*work)(void *data), void (*cleanup)(void *data), void *data,
                   const int *keep, size_t keep_count, error **err);

#endif
