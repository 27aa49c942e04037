/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child-setup.h"

#include "base/cleanup.h"
#include "child-messages.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
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
    int messages = child_messages_end_of_child();
    if (messages >= 0)
        dup2(messages, STDERR_FILENO);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close(null);
}

/* --- the environment --- */

/* Names; those that end in '_' are beginnings of names. */
static const char *const wanted[] = {"PATH",
                                     "LANG",
                                     "LANGUAGE",
                                     "LC_",
                                     "TZ",
                                     "TMPDIR",
                                     "LD_LIBRARY_PATH",
                                     "LIBVIRT_",
                                     "VIRT_LIVE_TOOLS_",
                                     "MALLOC_",
                                     "ASAN_OPTIONS",
                                     "LSAN_OPTIONS",
                                     "UBSAN_OPTIONS",
                                     "TSAN_OPTIONS",
                                     NULL};

static bool is_named(const char *variable, const char *const *names)
{
    for (; names && *names; names++) {
        size_t length = strlen(*names);
        bool beginning = (*names)[length - 1] == '_';
        if (strncmp(variable, *names, length) == 0 && (beginning || variable[length] == '='))
            return true;
    }
    return false;
}

void child_setup_reduce_environment(const char *const *more)
{
    char **kept = environ;
    for (char **from = environ; from && *from; from++)
        if (is_named(*from, wanted) || is_named(*from, more))
            *kept++ = *from;
        else
            explicit_bzero(*from, strlen(*from));
    if (kept)
        *kept = NULL;
}

void child_setup_default_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* of the command: pkill(1) sends it to all of its name */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int child_setup_begin(const char *name, const int *keep, size_t count)
{
    prctl(PR_SET_NAME, name);
    child_setup_default_signals();
    child_setup_detach_streams();
    return child_setup_close_others(keep, count);
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
