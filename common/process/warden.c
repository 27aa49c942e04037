/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "warden.h"

#include "child-list.h"
#include "child-setup.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Reaps until the worker has ended or a signal asks the warden to end. The worker's exit code; 1
 * otherwise. */
static int watch(pid_t worker, const sigset_t *signals)
{
    for (;;) {
        int status, number = sigwaitinfo(signals, NULL);
        if (number < 0 && errno == EINTR)
            continue;
        if (number != SIGCHLD)
            return 1;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
            if (pid == worker)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
}

/* In the child: dies with the warden. */
static int run_worker(const struct warden_task *task, pid_t warden)
{
    child_setup_default_signals();
    setpgid(0, 0); /* within the warden's session, which only the warden could give a terminal */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != warden)
        return 1;
    return task->work(task->data);
}

int warden_watch(const struct warden_task *task, pid_t parent)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || child_list_begin() < 0)
        return 1;
    pid_t self = getpid(), worker = fork();
    if (worker == 0)
        _exit(run_worker(task, self));
    int code = worker < 0 ? 1 : 0;
    /* The sockets are the worker's: their closing tells the parent of its end. */
    for (size_t i = 0; i < task->keep_count; i++)
        close(task->keep[i]);
    if (worker > 0)
        code = watch(worker, &signals);
    if (code != 0 || !task->outlived)
        child_list_end();
    return code;
}

static int run_warden(const struct warden_task *task, void (*cleanup)(void *), pid_t supervisor)
{
    setsid(); /* no terminal; Ctrl-C is the supervisor's to handle */
    child_setup_detach_streams();
    child_setup_reduce_environment(NULL);
    if (child_setup_close_others(task->keep, task->keep_count) < 0)
        return 1;
    int code = warden_watch(task, supervisor);
    cleanup(task->data);
    return code;
}

pid_t warden_fork(void)
{
    sigset_t term, old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &old);
    pid_t pid = fork();
    int saved = errno;
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &old, NULL);
    errno = saved;
    return pid;
}

pid_t warden_start(int (*work)(void *data), void (*cleanup)(void *data), void *data,
                   const int *keep, size_t keep_count, error **err)
{
    const struct warden_task task = {work, data, keep, keep_count, .outlived = false};
    pid_t supervisor = getpid(), pid = warden_fork();
    if (pid == 0)
        _exit(run_warden(&task, cleanup, supervisor));
    if (pid < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot start a process");
    return pid;
}
