/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pid-file.h"

#include "base/cleanup.h"
#include "base/pid-signal.h"
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

static int open_locked(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat st;
    AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool locked = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                  fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    return locked ? steal_fd(&fd) : -1;
}

pid_t pid_file_read(const char *path)
{
    char text[16];
    AUTO_FD int fd = open_locked(path);
    if (fd < 0)
        return 0;
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    long pid = strtol(text, NULL, 10);
    return pid > 1 && pid <= INT_MAX ? (pid_t)pid : -1;
}

int pid_file_kill(const char *path)
{
    pid_t pid = pid_file_read(path);
    AUTO_FD int process = pid > 0 ? pid_open(pid) : -1;
    /* Still locked: it lives, so the descriptor is not that of a later process. */
    pid_t now = pid_file_read(path);
    if (now == 0)
        return 0;
    if (process < 0 || now != pid) {
        errno = ESRCH;
        return -1;
    }
    return pid_fd_signal(process, SIGKILL) < 0 && errno != ESRCH ? -1 : 0;
}
