/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote-process.h"

#include "base/unix-socket.h"
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static int connect_unix(const char *path, error **err)
{
    int fd = unix_socket_connect(path);

    return fd < 0 ? error_set_errno(err, ERROR_UNREADABLE, errno, "connect to %s", path) : fd;
}

static int connect_to(const struct addrinfo *place)
{
    AUTO_FD int fd =
        socket(place->ai_family, place->ai_socktype | SOCK_CLOEXEC, place->ai_protocol);

    if (fd < 0 || connect(fd, place->ai_addr, place->ai_addrlen) < 0)
        return -1;
    /* Requests are small, and each is waited for. One that is not is slow, and no more. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return steal_fd(&fd);
}

static void free_places(struct addrinfo **places)
{
    if (*places)
        freeaddrinfo(*places);
}

static int connect_tcp(const char *host, const char *port, error **err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    CLEANUP(free_places) struct addrinfo *places = NULL;
    int fd = -1, failed = getaddrinfo(host, port, &hints, &places);

    if (failed != 0)
        return error_set(err, ERROR_UNREADABLE, "look up %s: %s", host,
                         failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
    for (const struct addrinfo *place = places; place && fd < 0; place = place->ai_next)
        fd = connect_to(place);
    return fd >= 0
               ? fd
               : error_set_errno(err, ERROR_UNREADABLE, errno, "connect to %s port %s", host, port);
}

int remote_connect(const struct remote_uri *uri, error **err)
{
    return uri->kind == REMOTE_NBD ? connect_tcp(uri->host, uri->port, err)
                                   : connect_unix(uri->socket, err);
}
