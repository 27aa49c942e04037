/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandboxed-work.h"

#include "base/pid-signal.h"
#include "cli/message.h"
#include "process/child-messages.h"
#include "process/child-setup.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define MESSAGE_MAX 4096

/* In the child: one byte of status, then the message. */
static _Noreturn void run(const struct sandbox *box, int (*work)(void *, error **), void *data,
                          int answers, pid_t parent)
{
    AUTO_ERROR error *err = NULL;
    setsid(); /* no terminal */
    child_setup_detach_streams();
    sandbox_leave_network(box);
    int entered = sandbox_enter(box, &err);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing the user has cleared it */
    if (getppid() != parent)
        _exit(1);
    int result = entered < 0 ? -1 : work(data, &err);
    if (result < 0) {
        char text[1 + MESSAGE_MAX];
        text[0] = (char)error_kind(err);
        int length = snprintf(text + 1, MESSAGE_MAX, "%s", error_message(err));
        if (length >= MESSAGE_MAX)
            length = MESSAGE_MAX - 1;
        if (write(answers, text, 1 + (size_t)length) < 0)
            _exit(2);
    }
    _exit(result < 0);
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

int sandboxed_work_do(const struct sandbox *box, int (*work)(void *data, error **err), void *data,
                      int signal_fd, error **err)
{
    int pipes[2], status;
    if (child_messages_begin(err) < 0)
        return -1;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        run(box, work, data, pipes[1], parent);
    }
    int saved = errno;
    AUTO_FD int answers = pipes[0];
    close(pipes[1]);
    if (pid < 0)
        return error_set_errno(err, ERROR_HOST, saved, "cannot start a process");
    struct pollfd fds[] = {{answers, POLLIN, 0}, {signal_fd, POLLIN, 0}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    bool ended = signal_fd >= 0 && fds[1].revents && !fds[0].revents;
    if (ended)
        pid_signal(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    child_messages_take(say_message, NULL);
    return ended ? 1 : read_answer(answers, status, err);
}
