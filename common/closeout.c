/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "closeout.h"

#include <fcntl.h>
#include <signal.h>

static int failed(error **err)
{
    return error_set_errno(err, STATUS_CRASHED, errno, "write to standard output");
}

int closeout_start(error **err)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The wrong way round on purpose. open() gives the lowest free number: this one. */
        int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", mode) < 0) /* NOLINT: it stays open */
            return error_set_errno(err, STATUS_CRASHED, errno, "open /dev/null");
    }
    return 0;
}

int closeout_write(FILE *stream, const void *bytes, size_t length, error **err)
{
    if (length > 0 && fwrite(bytes, 1, length, stream) != length)
        return failed(err);
    return fflush(stream) == 0 ? 0 : failed(err);
}

int closeout_finish(error **err)
{
    if (fflush(stdout) != 0)
        return failed(err);
    /* NFS and quotas may only tell when the file is closed. EBADF: it never was open, and nothing
     * was written, else fflush() had failed. */
    return fclose(stdout) == 0 || errno == EBADF ? 0 : failed(err);
}

void closeout_by_signal(int signal_number)
{
    sigset_t only;

    signal(signal_number, SIG_DFL);
    sigemptyset(&only);
    sigaddset(&only, signal_number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    raise(signal_number);
    _exit(128 + signal_number); /* a signal whose default is not to end us */
}
