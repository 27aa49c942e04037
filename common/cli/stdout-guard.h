/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The standard streams: what a command must do at its start and its end so that no output is lost
 * in silence, and no image's descriptor is taken for stdout. */
#ifndef VLT_STDOUT_GUARD_H
#define VLT_STDOUT_GUARD_H

#include "base/error.h"

/* Puts something in the place of descriptors 0-2 that are closed. It fails every read of stdin and
 * every write to stdout or stderr with EBADF, as the closed one would. 0 or -1 and *err. */
int stdout_guard_start(error **err);

/* Writes all of it to stdout now, behind what stdio has for it. 0 or -1 and *err, with the errno
 * (EPIPE: the reader has gone). Where the reader does not read and a signal that asks for an end
 * waits (supervisor.h blocks those), it is not waited for any longer: EINTR. */
int stdout_guard_write(const void *bytes, size_t length, error **err);

/* Closes stdout; nothing may be written to it after that. 0 or -1 and *err, with the errno. */
int stdout_guard_finish(error **err);

/* Ends this process by that signal, as if it had never been caught. */
_Noreturn void stdout_guard_by_signal(int signal);

#endif
