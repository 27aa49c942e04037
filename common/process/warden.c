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
static int run_worker(int (*work)(void *), void *data, pid_t warden)
{
    child_setup_default_signals();
    setpgid(0, 0); /* within the warden's session, which only the warden could give a terminal */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != warden)
        return 1;
    return work(data);
}

static int run_warden(int (*work)(void *), void (*cleanup)(void *), void *data, pid_t supervisor,
                      const int *keep, size_t count)
{
    sigset_t signals;
    setsid(); /* no terminal; Ctrl-C is the supervisor's to handle */
    child_setup_detach_streams();
    child_setup_reduce_environment(NULL);
    if (child_setup_close_others(keep, count) < 0)
        return 1;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != supervisor || child_list_begin() < 0)
        return 1;
    pid_t self = getpid(), worker = fork();
    if (worker == 0)
        _exit(run_worker(work, data, self));
    int code = worker < 0 ? 1 : 0;
    /* The sockets are the worker's: their closing tells the supervisor of its end. */
    for (size_t i = 0; i < count; i++)
        close(keep[i]);
    if (worker > 0)
        code = watch(worker, &signals);
    child_list_end();
    cleanup(data);
    return code;
}

pid_t warden_start(int (*work)(void *data), void (*cleanup)(void *data), void *data,
                   const int *keep, size_t keep_count, error **err)
{
    sigset_t term, old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    /* So that one which comes before the warden waits for it is not lost on it. */
    sigprocmask(SIG_BLOCK, &term, &old);
    pid_t supervisor = getpid(), pid = fork();
    if (pid == 0)
        _exit(run_warden(work, cleanup, data, supervisor, keep, keep_count));
    int saved = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid < 0)
        return error_set_errno(err, ERROR_HOST, saved, "cannot start a process");
    return pid;
}
