/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandboxed-work.h"

#include "base/pid-signal.h"
#include "cli/message.h"
#include "process/child-messages.h"
#include "process/child-setup.h"
#include "process/warden.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define MESSAGE_MAX 4096

/* What the child does, and where its answer goes. */
struct task {
    const struct sandbox *box;
    int (*work)(void *data, error **err);
    void *data;
    int answers;
};

/* One byte of status, then the message. The exit code. */
static int do_work(const struct task *task, pid_t parent)
{
    AUTO_ERROR error *err = NULL;
    sandbox_leave_network(task->box);
    int entered = sandbox_enter(task->box, &err);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing the user has cleared it */
    if (getppid() != parent)
        return 1;
    int result = entered < 0 ? -1 : task->work(task->data, &err);
    if (result < 0) {
        char text[1 + MESSAGE_MAX];
        text[0] = (char)error_kind(err);
        int length = snprintf(text + 1, MESSAGE_MAX, "%s", error_message(err));
        if (length >= MESSAGE_MAX)
            length = MESSAGE_MAX - 1;
        if (write(task->answers, text, 1 + (size_t)length) < 0)
            return 2;
    }
    return result < 0;
}

/* Below a warden, which is the parent. */
static int do_warded(void *data)
{
    return do_work(data, getppid());
}

/* In the child. */
static int run(struct task *task, bool warded, pid_t parent)
{
    const struct warden_task below = {do_warded, task, &task->answers, 1, .outlived = true};
    setsid(); /* no terminal */
    child_setup_detach_streams();
    return warded ? warden_watch(&below, parent) : do_work(task, parent);
}

static int read_answer(int answers, int status, error **err)
{
    char text[1 + MESSAGE_MAX];
    ssize_t length = read(answers, text, sizeof text);
    if (length > 1)
        return error_set(err, (enum error_kind)text[0], "%.*s", (int)length - 1, text + 1);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return error_set(err, ERROR_HOST, "a process of ours was killed");
}

static void say_message(void *unused, const char *line)
{
    (void)unused;
    message("a process of this command says: %s", line);
}

/* Waits for the answer, or for a signal: then 1, and the child is told to end. */
static int await(pid_t pid, int answers, int signal_fd, int *status)
{
    struct pollfd fds[] = {{answers, POLLIN, 0}, {signal_fd, POLLIN, 0}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    bool ended = signal_fd >= 0 && fds[1].revents && !fds[0].revents;
    if (ended)
        pid_signal(pid, SIGTERM);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return ended;
}

static int do_in_child(struct task *task, bool warded, int signal_fd, error **err)
{
    int pipes[2], status;
    if (child_messages_begin(err) < 0)
        return -1;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
    task->answers = pipes[1];
    pid_t parent = getpid(), pid = warded ? warden_fork() : fork();
    if (pid == 0) {
        close(pipes[0]);
        _exit(run(task, warded, parent));
    }
    int saved = errno;
    AUTO_FD int answers = pipes[0];
    close(pipes[1]);
    if (pid < 0)
        return error_set_errno(err, ERROR_HOST, saved, "cannot start a process");
    int ended = await(pid, answers, signal_fd, &status);
    child_messages_take(say_message, NULL);
    return ended ? 1 : read_answer(answers, status, err);
}

int sandboxed_work_do(const struct sandbox *box, int (*work)(void *data, error **err), void *data,
                      error **err)
{
    struct task task = {box, work, data, -1};
    return do_in_child(&task, false, -1, err);
}

int sandboxed_work_start(const struct sandbox *box, int (*work)(void *data, error **err),
                         void *data, int signal_fd, error **err)
{
    struct task task = {box, work, data, -1};
    return do_in_child(&task, true, signal_fd, err);
}
