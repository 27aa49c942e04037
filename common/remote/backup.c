/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* pipe2 */
#include "backup.h"
#include "wire/status.h"

#include "backup-keeper.h"
#include "process/child-setup.h"
#include "wire/packet.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

_Static_assert(MAX_SOCKET == sizeof((struct sockaddr_un *)NULL)->sun_path - 1,
               "a socket's path fits into an answer");

/* Ending a backup takes QEMU some milliseconds. */
#define END_TIMEOUT 10000 /* milliseconds */

struct backup {
    int keeper;
    int alive; /* readable: the keeper has ended */
};

struct start {
    const struct backup_ops *ops;
    const char *uri;
    int socket, alive;
};

static int run(void *data)
{
    const struct start *self = data;
    const int kept[] = {self->socket, self->alive};

    if (child_setup_begin("vlt-backups", kept, 2) < 0)
        return 1;
    setsid(); /* Ctrl-C is for the others: this one ends when they have */
    return backup_keeper_run(self->ops, self->uri, self->socket);
}

backup *backup_start(const struct backup_ops *ops, const char *uri, error **err)
{
    int pair[2] = {-1, -1}, alive[2] = {-1, -1};
    AUTO_BACKUP backup *self = calloc(1, sizeof *self);

    if (!self) {
        error_no_memory(err);
        return NULL;
    }
    *self = (backup){.keeper = -1, .alive = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        error_set_errno(err, ERROR_HOST, errno, "cannot connect");
        return NULL;
    }
    self->keeper = pair[0];
    int result = pipe2(alive, O_CLOEXEC);
    if (result < 0)
        error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
    self->alive = alive[0];
    if (result == 0)
        result = child_setup_fork_orphan(
            run, &(struct start){.ops = ops, .uri = uri, .socket = pair[1], .alive = alive[1]},
            err);
    close(pair[1]);
    cleanup_fd(&alive[1]);
    return result < 0 ? NULL : STEAL(self);
}

int backup_fd(const backup *self)
{
    return self->keeper;
}

void backup_free(backup *self)
{
    if (!self)
        return;
    cleanup_fd(&self->keeper);
    if (self->alive >= 0)
        poll(&(struct pollfd){self->alive, POLLIN, 0}, 1, END_TIMEOUT);
    cleanup_fd(&self->alive);
    free(self);
}

/* --- asking --- */

static int ask(int keeper, const struct guest *guest, int lease, error **err)
{
    backup_target targets[SLOT_COUNT];
    backup_request message = {.targets = {0, targets}};

    message.uuid.uuid_val = (char *)guest->uuid;
    message.uuid.uuid_len = (u_int)strlen(guest->uuid);
    for (size_t i = 0; i < guest->image_count; i++) {
        char *target = guest->images[i].target;
        if (target)
            targets[message.targets.targets_len++] = (backup_target){.name = target};
    }
    int sent;
    while ((sent = packet_send(keeper, (xdrproc_t)xdr_backup_request, &message, &lease, 1)) ==
           -EAGAIN)
        poll(&(struct pollfd){keeper, POLLOUT, 0}, 1, -1);
    return sent < 0
               ? error_set_errno(err, ERROR_HOST, -sent, "the process that keeps backups has ended")
               : 0;
}

static int take_answer(const backup_answer *said, char **socket, error **err)
{
    if (said->status != STATUS_OK)
        return error_set(err, status_error_kind((enum status)said->status), "%.*s",
                         (int)said->message.message_len,
                         said->message.message_val ? said->message.message_val : "");
    *socket =
        said->socket.socket_len ? strndup(said->socket.socket_val, said->socket.socket_len) : NULL;
    return *socket ? 0 : error_no_memory(err);
}

static int hear(int lease, char **socket, error **err)
{
    backup_answer said = {0};

    if (packet_await(lease, (xdrproc_t)xdr_backup_answer, &said, sizeof said) <= 0)
        return error_set(err, ERROR_HOST, "the process that keeps backups has ended");
    int result = take_answer(&said, socket, err);
    xdr_free((xdrproc_t)xdr_backup_answer, &said);
    return result;
}

int backup_ask(int keeper, const struct guest *guest, char **socket, error **err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot connect");
    AUTO_FD int lease = pair[0];
    int result = ask(keeper, guest, pair[1], err);
    close(pair[1]);
    if (result < 0 || hear(lease, socket, err) < 0)
        return error_prefix(err, "--consistent");
    return steal_fd(&lease);
}
