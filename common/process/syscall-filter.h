/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that a process and all that it starts do without, by libseccomp. It is the fence
 * where Landlock has none: Landlock knows nothing of a file's mode, owner, times and attributes,
 * nor of UDP. Needs no_new_privs (sandbox_enter()). */
#ifndef VLT_SYSCALL_FILTER_H
#define VLT_SYSCALL_FILTER_H

#include "base/error.h"
#include <stdbool.h>

/* From here on nothing is pushed into a terminal's input (TIOCSTI, TIOCLINUX): EPERM.
 * 0; -1 and *err: the kernel takes no filter. */
int syscall_filter_terminal(error **err);

/* From here on also: sockets are AF_UNIX (others: EAFNOSUPPORT); no file's mode, owner, extended
 * attributes or times are changed (of mode and owner: nothing happens, without an error); no other
 * process is looked into; no namespaces, no mounts, no keys, no BPF (EPERM). io_uring makes sockets
 * and sets attributes without these system calls, so it is refused too, unless something else keeps
 * it from doing harm. Unless what is written `lasts` beyond the process, files are not synced:
 * fsync() and its like do nothing, and return 0. 0; -1 and *err. */
int syscall_filter_install(bool io_uring, bool lasts, error **err);

#endif
