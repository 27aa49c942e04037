/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unix-socket.h"

#include "cleanup.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PATIENCE 30 /* seconds */

int unix_socket_connect_on(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PATIENCE}, none = {0};

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
        return -1;
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    if (result < 0 && errno == EAGAIN)
        errno = ETIMEDOUT;
    /* What is sent later is for others to wait for. */
    return result < 0 ? -1 : setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
}

int unix_socket_connect(const char *path)
{
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 || unix_socket_connect_on(fd, path) < 0 ? -1 : steal_fd(&fd);
}
