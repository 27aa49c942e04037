/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stdout-guard.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

#define LOOK_AROUND_MS 200 /* while our stdout is not read */

static int failed(error **err)
{
    return error_set_errno(err, ERROR_HOST, errno, "write to standard output");
}

int stdout_guard_start(error **err)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The wrong way round on purpose. open() gives the lowest free number: this one. */
        int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", mode) < 0) /* NOLINT: it stays open */
            return error_set_errno(err, ERROR_HOST, errno, "open /dev/null");
    }
    return 0;
}

static bool shall_end(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

/* Until so much as PIPE_BUF can be written, or the write would tell why not. 0 or -1 and errno. */
static int wait_for_reader(void)
{
    struct pollfd writable = {STDOUT_FILENO, POLLOUT, 0};

    while (poll(&writable, 1, LOOK_AROUND_MS) <= 0)
        if (shall_end()) {
            errno = EINTR;
            return -1;
        }
    return 0;
}

int stdout_guard_write(const void *bytes, size_t length, error **err)
{
    const char *from = bytes;
    struct stat st;
    bool file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);

    if (fflush(stdout) != 0)
        return failed(err);
    while (length > 0) {
        if (!file && wait_for_reader() < 0)
            return failed(err);
        ssize_t count =
            write(STDOUT_FILENO, from, file || length < PIPE_BUF ? length : (size_t)PIPE_BUF);
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return failed(err);
        if (count > 0) {
            from += count;
            length -= (size_t)count;
        }
    }
    return 0;
}

int stdout_guard_finish(error **err)
{
    bool lost = ferror(stdout); /* a part, earlier: why is not known any more */

    if (fflush(stdout) != 0)
        return failed(err);
    if (lost) {
        errno = EIO;
        return failed(err);
    }
    /* NFS and quotas may only tell when the file is closed. EBADF: it never was open, and nothing
     * was written, else fflush() had failed. */
    return fclose(stdout) == 0 || errno == EBADF ? 0 : failed(err);
}

void stdout_guard_by_signal(int signal_number)
{
    sigset_t only;

    signal(signal_number, SIG_DFL);
    sigemptyset(&only);
    sigaddset(&only, signal_number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    raise(signal_number);
    _exit(128 + signal_number); /* a signal whose default is not to end us */
}
