/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child-setup.h"

#include "base/cleanup.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int close_ranges(const int *keep, size_t count)
{
    unsigned from = 3;
    for (;;) {
        unsigned next = ~0u;
        for (size_t i = 0; i < count; i++)
            if (keep[i] >= (int)from && (unsigned)keep[i] < next)
                next = (unsigned)keep[i];
        if (next > from && close_range(from, next - 1, 0) < 0)
            return -errno;
        if (next == ~0u)
            return 0;
        from = next + 1;
    }
}

static bool is_kept(int fd, const int *keep, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (keep[i] == fd)
            return true;
    return fd <= STDERR_FILENO;
}

static int close_listed(const int *keep, size_t count)
{
    AUTO_DIR DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    if (!directory)
        return -errno;
    while (errno = 0, (entry = readdir(directory))) {
        int fd = atoi(entry->d_name); /* "." and "..": 0 */
        if (fd != dirfd(directory) && !is_kept(fd, keep, count))
            close(fd);
    }
    return -errno;
}

/* Linux before 5.9 has no close_range(), and a seccomp filter may not let it pass. */
int child_setup_close_others(const int *keep, size_t count)
{
    return close_ranges(keep, count) == 0 ? 0 : close_listed(keep, count);
}

void child_setup_detach_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close(null);
}

void child_setup_default_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int child_setup_begin(const char *name, const int *keep, size_t count)
{
    prctl(PR_SET_NAME, name);
    child_setup_default_signals();
    int result = child_setup_close_others(keep, count);
    if (result == 0)
        child_setup_detach_streams();
    return result;
}

int child_setup_fork_orphan(int (*work)(void *data), void *data, error **err)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(fork() == 0 ? work(data) : 0);
    if (pid < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot start a process");
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}
