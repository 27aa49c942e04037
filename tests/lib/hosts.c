/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hosts.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_SECONDS 10

void hosts_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

pid_t host_start(host_work work, void *data)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(work(data)); /* so that a sanitizer looks for leaks */
    }
    assert_true(pid > 0);
    return pid;
}

enum host_end host_wait(pid_t pid)
{
    int status;
    for (int waited = 0; waited < PATIENCE_SECONDS * 1000; waited++) {
        if (waitpid(pid, &status, WNOHANG | WUNTRACED) == 0) {
            usleep(1000);
            continue;
        }
        if (WIFSTOPPED(status))
            return HOST_STOPPED;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            return HOST_KILLED;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? HOST_DONE : HOST_FAILED;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    fail_msg("a host hung");
    return HOST_FAILED;
}

enum host_end host_run(host_work work, void *data)
{
    return host_wait(host_start(work, data));
}
