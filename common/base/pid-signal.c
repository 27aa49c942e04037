/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pid-signal.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Process 1 is init, or the agent: no signal of ours is for it. */
static int check(pid_t pid)
{
    if (pid > 1)
        return 0;
    errno = EINVAL;
    return -1;
}

int pid_signal(pid_t pid, int number)
{
    return check(pid) < 0 ? -1 : kill(pid, number);
}

int pid_signal_group(pid_t group, int number)
{
    return check(group) < 0 ? -1 : kill(-group, number);
}

int pid_open(pid_t pid)
{
    return check(pid) < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
}

int pid_fd_signal(int pidfd, int number)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}
