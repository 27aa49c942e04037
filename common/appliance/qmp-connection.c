/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp-connection.h"

#include "qmp.h"
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_ROOM 4096

struct qmp_connection {
    int fd;
    char *buffer; /* what has been read, from `line` on not yet looked at */
    size_t room, length, line;
    unsigned long version;
};

/* --- sending --- */

/* The descriptor goes with the first byte. */
static ssize_t send_some(int socket, const char *text, size_t length, int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)(uintptr_t)text, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static int send_all(const qmp_connection *self, const char *text, int fd, error **err)
{
    for (size_t length = strlen(text); length > 0; fd = -1) {
        ssize_t sent = send_some(self->fd, text, length, fd);
        if (sent < 0)
            return error_set_errno(err, ERROR_APPLIANCE, errno, "cannot write to QEMU's monitor");
        text += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* --- receiving --- */

/* Moves what has not been looked at to the front, and makes room behind it. */
static int make_room(qmp_connection *self, error **err)
{
    if (self->line > 0) {
        memmove(self->buffer, self->buffer + self->line, self->length - self->line);
        self->length -= self->line;
        self->line = 0;
    }
    if (self->length < self->room)
        return 0;
    if (self->room >= QMP_CONNECTION_REPLY_MAX)
        return error_set(err, ERROR_APPLIANCE, "QEMU's reply is longer than %zu bytes",
                         QMP_CONNECTION_REPLY_MAX);
    size_t room = self->room > 0 ? 2 * self->room : FIRST_ROOM;
    char *buffer = realloc(self->buffer, room);
    if (!buffer)
        return error_no_memory(err);
    self->buffer = buffer;
    self->room = room;
    return 0;
}

static int receive_some(qmp_connection *self, error **err)
{
    if (make_room(self, err) < 0)
        return -1;
    ssize_t received;
    do
        received = recv(self->fd, self->buffer + self->length, self->room - self->length, 0);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return error_set_errno(err, ERROR_APPLIANCE, errno, "cannot read from QEMU's monitor");
    if (received == 0)
        return error_set(err, ERROR_APPLIANCE, "QEMU has closed its monitor");
    self->length += (size_t)received;
    return 0;
}

/* The next line as an object that is no event; a new reference, or NULL and *err. */
static json_t *receive(qmp_connection *self, error **err)
{
    size_t seen = self->line;
    for (;;) {
        const char *end =
            self->buffer ? memchr(self->buffer + seen, '\n', self->length - seen) : NULL;
        if (!end) {
            seen = self->length - self->line;
            if (receive_some(self, err) < 0)
                return NULL;
            continue;
        }
        size_t length = (size_t)(end - self->buffer) - self->line;
        json_t *object = json_loadb(self->buffer + self->line, length, 0, NULL);
        self->line += length + 1;
        seen = self->line;
        if (!object) {
            error_set(err, ERROR_APPLIANCE, "QEMU's reply is not JSON");
            return NULL;
        }
        if (!json_object_get(object, "event"))
            return object;
        json_decref(object);
    }
}

/* --- the connection --- */

json_t *qmp_connection_ask(qmp_connection *self, const char *command, int fd, error **err)
{
    json_t *reply = send_all(self, command, fd, err) < 0 ? NULL : receive(self, err);
    return reply ? qmp_result(reply, err) : NULL;
}

unsigned long qmp_connection_version(const qmp_connection *self)
{
    return self->version;
}

/* 0 where it is not there, or makes no sense. */
static unsigned long read_version(json_t *greeting)
{
    int major, minor, micro;
    bool known = json_unpack(greeting, "{s:{s:{s:{s:i, s:i, s:i}}}}", "QMP", "version", "qemu",
                             "major", &major, "minor", &minor, "micro", &micro) == 0 &&
                 major >= 0 && major < 1000 && minor >= 0 && minor < 1000 && micro >= 0 &&
                 micro < 1000;
    return known ? (unsigned long)(major * 1000000 + minor * 1000 + micro) : 0;
}

/* QEMU greets first, and takes no command but this before it. */
static int negotiate(qmp_connection *self, error **err)
{
    json_t *greeting = receive(self, err);
    if (!greeting)
        return -1;
    bool greeted = json_object_get(greeting, "QMP") != NULL;
    self->version = read_version(greeting);
    json_decref(greeting);
    if (!greeted)
        return error_set(err, ERROR_APPLIANCE, "QEMU's monitor does not greet");
    json_t *result = qmp_connection_ask(self, "{\"execute\":\"qmp_capabilities\"}", -1, err);
    json_decref(result);
    return result ? 0 : -1;
}

qmp_connection *qmp_connection_new(int fd, error **err)
{
    qmp_connection *self = calloc(1, sizeof *self);
    if (!self) {
        close(fd);
        error_no_memory(err);
        return NULL;
    }
    self->fd = fd;
    if (negotiate(self, err) == 0)
        return self;
    qmp_connection_free(self);
    return NULL;
}

void qmp_connection_free(qmp_connection *self)
{
    if (!self)
        return;
    close(self->fd);
    free(self->buffer);
    free(self);
}
