/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pid file of a QEMU, which keeps it locked as long as it lives. It may lie where a QEMU that
 * was taken over can put anything in its place. */
#ifndef VLT_PID_FILE_H
#define VLT_PID_FILE_H

#include <sys/types.h>

/* The process that the file names. 0: there is no such file, or no process holds it locked; -1: it
 * is locked, and what stands there is no number of a process. Never blocks. */
pid_t pid_file_read(const char *path);

/* SIGKILLs that process, and no other one that may have got its number. 0 where there is none;
 * -1 and errno. */
int pid_file_kill(const char *path);

#endif
