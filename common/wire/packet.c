/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "packet.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(MAX_LAYERS * sizeof(int))];
};

static int send_bytes(int fd, const void *body, size_t length, const int *fds, size_t fd_count)
{
    union control control = {0};
    struct iovec vector = {(void *)body, length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (fd_count > 0) {
        struct cmsghdr *header = &control.header;
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int packet_send(int fd, xdrproc_t proc, const void *message, const int *fds, size_t fd_count)
{
    AUTO_SECRET void *frame = NULL;
    size_t length;
    if (fd_count > MAX_LAYERS)
        return -EINVAL;
    int result = frame_encode(proc, message, &frame, &length);
    if (result == 0 && length > PACKET_MAX)
        result = -EMSGSIZE;
    return result == 0 ? send_bytes(fd, frame, length, fds, fd_count) : result;
}

/* The number of bytes, 0 at the end, -1 and errno. */
static ssize_t receive_bytes(int fd, char *buffer, size_t size, int *fds, size_t *fd_count)
{
    union control control;
    struct iovec vector = {buffer, size};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    *fd_count = 0;
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    for (struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL; header;
         header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            *fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(fds, CMSG_DATA(header), *fd_count * sizeof(int));
        }
    return got;
}

int packet_receive(int fd, xdrproc_t proc, void *message, size_t size, int fds[MAX_LAYERS],
                   size_t *fd_count)
{
    char packet[PACKET_MAX];
    ssize_t got = receive_bytes(fd, packet, sizeof packet, fds, fd_count);
    if (got <= 0)
        return got < 0 ? -errno : 0;
    bool good = got >= FRAME_HEADER && frame_decode(proc, message, size, packet + FRAME_HEADER,
                                                    (size_t)got - FRAME_HEADER) == 0;
    explicit_bzero(packet, (size_t)got); /* a key may have been in it */
    if (good)
        return 1;
    for (size_t i = 0; i < *fd_count; i++)
        close(fds[i]);
    *fd_count = 0;
    return -EBADMSG;
}

int packet_await(int fd, xdrproc_t proc, void *message, size_t size)
{
    int fds[MAX_LAYERS], got;
    size_t count = 0;
    while ((got = packet_receive(fd, proc, message, size, fds, &count)) == -EAGAIN || got == -EINTR)
        poll(&(struct pollfd){fd, POLLIN, 0}, 1, -1);
    for (size_t i = 0; got > 0 && i < count; i++)
        close(fds[i]);
    return got;
}
