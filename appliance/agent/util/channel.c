/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "channel.h"
#include "wire/frame.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

struct channel {
    int fd;
    bool port; /* its host end may go, and another one come */
    bool connected;
    bool called; /* the host that is there has called */
    unsigned calls;
    frame_reader *reader;
    frame_writer *writer;
};

channel *channel_new(int fd)
{
    struct stat status;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &status) < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return NULL;
    channel *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->reader = frame_reader_new();
    link->writer = frame_writer_new(PROTOCOL_MAX_FRAME);
    if (!link->reader || !link->writer) {
        link->fd = -1;
        channel_free(link);
        return NULL;
    }
    link->fd = fd;
    link->port = S_ISCHR(status.st_mode);
    return link;
}

void channel_free(channel *link)
{
    if (!link)
        return;
    frame_reader_free(link->reader);
    frame_writer_free(link->writer);
    if (link->fd >= 0)
        close(link->fd);
    free(link);
}

uint32_t channel_interest(void)
{
    return EPOLLIN | EPOLLOUT | EPOLLET;
}

bool channel_connected(const channel *link)
{
    return link->connected;
}

int channel_event(channel *link, uint32_t events)
{
    link->connected = !(events & (EPOLLHUP | EPOLLERR));
    return link->connected;
}

void channel_dismiss(channel *link)
{
    link->called = false;
    frame_reader_reset(link->reader);
}

void channel_drop(channel *link)
{
    channel_dismiss(link);
    frame_writer_reset(link->writer);
}

unsigned channel_calls(const channel *link)
{
    return link->calls;
}

/* Whether the driver says, now, that no host is there. */
static bool is_hung_up(const channel *link)
{
    struct pollfd state = {.fd = link->fd};
    return link->port && poll(&state, 1, 0) == 1 && state.revents & POLLHUP;
}

/* A host has called, and the former one's end has not been heard of: the driver's worker has yet to
 * run. What it says later would be taken for this host's end. */
static void await_news(void)
{
    const struct timespec moment = {.tv_nsec = CHANNEL_NEWS * 1000000L};
    nanosleep(&moment, NULL);
}

/* What a former host sent may still be there: it ends where the next one calls. */
static int fill(channel *link)
{
    for (;;) {
        if (is_hung_up(link))
            return -EAGAIN;
        int result = frame_reader_fill(link->reader, link->fd);
        if (result <= 0)
            return result;
        if (frame_reader_called(link->reader, (size_t)result)) {
            if (link->called)
                await_news();
            frame_writer_reset(link->writer);
            link->called = true;
            link->calls++;
        }
        if (link->called)
            return result;
        frame_reader_reset(link->reader);
    }
}

int channel_receive(channel *link, xdrproc_t proc, void *next, size_t size)
{
    for (;;) {
        const void *body;
        size_t length;
        int result = frame_reader_next(link->reader, &body, &length);
        if (result < 0)
            return -EBADMSG;
        if (result > 0) {
            result = frame_decode(proc, next, size, body, length);
            return result < 0 ? result : 1;
        }
        /* Only when the frames that are here are used up: what the agent does not get to stays
         * with the host, which is all the queue and the back-pressure there is. */
        result = fill(link);
        if (result == -EAGAIN)
            return 0;
        if (result == 0)
            return -EPIPE;
        if (result < 0)
            return result;
    }
}

int channel_send(channel *link, xdrproc_t proc, const void *message)
{
    return frame_writer_put(link->writer, proc, message);
}

int channel_flush(channel *link)
{
    return frame_writer_flush(link->writer, link->fd);
}

bool channel_pending(const channel *link)
{
    return frame_writer_pending(link->writer) > 0;
}
