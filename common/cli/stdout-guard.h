/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The standard streams: a command calls this at its start and its end, so that lost output is an
 * error, and no image's descriptor becomes stdout. */
#ifndef VLT_STDOUT_GUARD_H
#define VLT_STDOUT_GUARD_H

#include "base/error.h"

/* Opens descriptors 0-2 that are closed. Reads of such a stdin and writes to such a stdout or
 * stderr fail with EBADF, as with the closed one. 0 or -1 and *err. */
int stdout_guard_start(error **err);

/* Flushes stdio, then writes all the bytes to stdout. 0 or -1 and *err, with the errno (EPIPE: the
 * reader has closed it). EINTR: the reader does not read, and a signal that asks for an end is
 * pending (supervisor.h blocks those). */
int stdout_guard_write(const void *bytes, size_t length, error **err);

/* Closes stdout; nothing may be written to it after that. 0 or -1 and *err, with the errno. */
int stdout_guard_finish(error **err);

/* Ends this process by that signal, as if it had never been caught. */
_Noreturn void stdout_guard_by_signal(int signal);

#endif
