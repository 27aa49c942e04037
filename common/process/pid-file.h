/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pid file of a QEMU, which holds a lock on it while it lives. A QEMU that was taken over may
 * be able to replace the file with anything. */
#ifndef VLT_PID_FILE_H
#define VLT_PID_FILE_H

#include <sys/types.h>

/* The process that the file names. 0: there is no such file, or it is not locked; -1: it is locked,
 * but its content is not a pid. Never blocks. */
pid_t pid_file_read(const char *path);

/* Sends SIGKILL to that process, never to another that may have got its pid. 0, also where there is
 * none; -1 and errno. */
int pid_file_kill(const char *path);

#endif
