/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals for one process, or one group. kill(2) takes the -1 of a failed fork() for "every
 * process", and 0 for "my own group": these functions refuse both. */
#ifndef VLT_PID_SIGNAL_H
#define VLT_PID_SIGNAL_H

#include <sys/types.h>

/* To that process. 0, or -1 and errno; EINVAL where pid is 1 or less: nothing is sent. */
int pid_signal(pid_t pid, int number);
/* To all processes of that group, whose number is more than 1. The same. */
int pid_signal_group(pid_t group, int number);

/* A descriptor that stands for that process, also when its number has been given to another one.
 * -1 and errno; EINVAL as above; ENOSYS: Linux before 5.3. */
int pid_open(pid_t pid);
/* To the process that the descriptor stands for. 0, or -1 and errno. */
int pid_fd_signal(int pidfd, int number);

#endif
