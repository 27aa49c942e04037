/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* O_PATH */
#include "remote-process.h"
#include "wire/status.h"

#include "backup.h"
#include "base/clock.h"
#include "base/pid-signal.h"
#include "process/child-setup.h"
#include "process/confinement.h"
#include "wire/packet.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SHORTAGE_PAUSE 100000 /* microseconds */

void remote_image_clear(struct remote_image *image)
{
    cleanup_fd(&image->looking);
    cleanup_fd(&image->handover);
    cleanup_fd(&image->said);
    if (image->path[0])
        unlink(image->path);
    if (pid_signal(image->server, SIGKILL) == 0)
        waitpid(image->server, NULL, 0);
}

pid_t remote_fork(void)
{
    pid_t pid;

    while ((pid = fork()) < 0 && (errno == EAGAIN || errno == ENOMEM))
        usleep(SHORTAGE_PAUSE);
    return pid;
}

/* All of a guest's, and who waits for them. */
struct session_process {
    const struct guest *guest;
    int socket;
    int lease;    /* of a backup, -1: none */
    char *served; /* … where its disks are */
    uint64_t since;
    size_t count;
    struct remote_image images[SLOT_COUNT];
};

static int tell(const struct session_process *self, const remote_report *message, int fd)
{
    return packet_send(self->socket, (xdrproc_t)xdr_remote_report, message, &fd, fd >= 0);
}

/* Takes the error over. Always -1. */
static int tell_guest_failure(const struct session_process *self, error *err)
{
    const char *why = error_message(err);
    remote_report message = {.status = status_of_error(error_kind(err))};
    message.message.message_val = (char *)why;
    message.message.message_len = (u_int)strnlen(why, MAX_MESSAGE);
    tell(self, &message, -1);
    error_free(err);
    return -1;
}

/* Of several images it is said which. Always -1. */
static int tell_failure(const struct session_process *self, const struct guest_image *image,
                        error *err)
{
    if (self->guest->image_count > 1)
        error_prefix(&err, "%s", image->path);
    return tell_guest_failure(self, err);
}

/* The directory belongs to the guest's QEMU: a link that stands there must not lead us, with the
 * rights of the user, to another program's socket. */
static int connect_served(struct remote_uri *place, const char *served, error **err)
{
    struct stat st;
    char path[64];
    AUTO_FD int fd = open(served, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "the backup's socket");
    if (!S_ISSOCK(st.st_mode))
        return error_set(err, ERROR_REFUSED, "the backup's socket is not a socket");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    place->socket = path;
    return remote_connect(place, err);
}

static int connect_image(const struct remote_image *on, error **err)
{
    struct remote_uri place = *on->image->remote;

    if (on->path[0])
        return remote_server_connect(on, err);
    return place.kind == REMOTE_NBD_UNIX && !place.socket ? connect_served(&place, on->socket, err)
                                                          : remote_connect(&place, err);
}

/* It is there for as long as this process. */
static int begin_backup(struct session_process *self, int keeper, error **err)
{
    if (!self->guest->live)
        return 0;
    if (keeper < 0)
        return error_set(err, ERROR_HOST, "no process keeps backups");
    self->lease = backup_ask(keeper, self->guest, &self->served, err);
    return self->lease < 0 ? -1 : 0;
}

/* With all rights that the user has. */
static int connect_to_look(struct session_process *self, const struct remote_means *means)
{
    for (size_t i = 0; i < self->guest->image_count; i++) {
        const struct guest_image *image = &self->guest->images[i];
        error *err = NULL;
        if (!guest_image_is_far(image))
            continue;
        struct remote_image *on = &self->images[self->count++];
        *on = (struct remote_image){.image = image,
                                    .looking = -1,
                                    .handover = -1,
                                    .server = -1,
                                    .said = -1,
                                    .socket = self->served};
        if (image->packed)
            remote_unpack(on, means->box, &err);
        else if (remote_server_is_for(image->remote))
            remote_server_start(on, means, i, &err);
        else
            on->looking = connect_image(on, &err);
        if (err)
            return tell_failure(self, image, err);
    }
    return 0;
}

static int close_what_is_not_looked_at(const struct session_process *self)
{
    int kept[1 + SLOT_COUNT] = {self->socket};
    size_t count = 1;
    for (size_t i = 0; i < self->count; i++)
        kept[count++] = self->images[i].looking;
    return child_setup_close_others(kept, count);
}

/* Nothing is written, and nothing more is connected to. */
static int give_up_rights(const struct session_process *self, const struct sandbox *box,
                          error **err)
{
    int closed = close_what_is_not_looked_at(self);
    child_setup_reduce_environment(NULL);
    if (closed < 0)
        return error_set_errno(err, ERROR_HOST, -closed, "cannot close files");
    return confinement_enter(box, (const char *const[]){NULL}, false, err);
}

/* In a process that has nothing else to lose. */
static int look(struct session_process *self, const struct sandbox *box, pid_t parent)
{
    error *err = NULL;
    if (give_up_rights(self, box, &err) < 0)
        return tell_guest_failure(self, err);
    /* After the change of user, which clears it. The parent may have ended by now. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return -1;
    for (size_t i = 0; i < self->count; i++) {
        struct remote_image *on = &self->images[i];
        remote_report message = {0};
        int result = on->image->packed ? remote_probe_file(on, &message, &err)
                                       : remote_probe(on, &message, &err);
        if (result < 0)
            return tell_guest_failure(self, err);
        message.took = clock_now() - self->since;
        if (tell(self, &message, -1) < 0)
            return -1;
    }
    return 0;
}

/* What has been found out about one of them. What its server program says is heard here, because it
 * may have the URL in it, which is known here only. */
static int relay_one(const struct session_process *self, struct remote_image *on, int from)
{
    remote_report said = {0};
    int result = 0;

    if (packet_await(from, (xdrproc_t)xdr_remote_report, &said, sizeof said) <= 0)
        return -1;
    if (said.status == STATUS_OK) {
        result = tell(self, &said, -1);
    } else {
        error *err = NULL;
        error_set(&err, status_error_kind((enum status)said.status), "%.*s",
                  (int)said.message.message_len,
                  said.message.message_val ? said.message.message_val : "");
        remote_server_said(on, &err);
        result = tell_failure(self, on->image, err);
    }
    xdr_free((xdrproc_t)xdr_remote_report, &said);
    return result;
}

static int look_apart(struct session_process *self, const struct sandbox *box)
{
    int pair[2], result = 0;
    error *err = NULL;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    pid_t parent = getpid(), pid = remote_fork();
    if (pid == 0) {
        self->socket = pair[1];
        _exit(look(self, box, parent) < 0);
    }
    if (pid < 0)
        error_set_errno(&err, ERROR_HOST, errno, "cannot start a process");
    close(pair[1]);
    for (size_t i = 0; i < self->count; i++) {
        cleanup_fd(&self->images[i].looking); /* the server sees it close when that process ends */
        self->images[i].looking = -1;
    }
    if (err)
        result = tell_guest_failure(self, err);
    for (size_t i = 0; i < self->count && result == 0; i++)
        result = relay_one(self, &self->images[i], pair[0]);
    close(pair[0]);
    if (result < 0)
        pid_signal(pid, SIGKILL);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return result;
}

/* When they are wanted. */
static int hand_over(struct session_process *self)
{
    for (size_t i = 0; i < self->count; i++) {
        struct remote_image *on = &self->images[i];
        remote_report message = {0};
        error *err = NULL;
        if (on->handover < 0)
            on->handover = connect_image(on, &err);
        if (err)
            return tell_failure(self, on->image, err);
        if (on->path[0])
            unlink(on->path); /* nobody else is to connect */
        if (tell(self, &message, on->handover) < 0)
            return -1;
        close(steal_fd(&on->handover));
    }
    return 0;
}

/* 1: a packet has come; 0: the other end is closed. */
static int wait_for_word(int socket)
{
    char word;
    ssize_t got;
    do
        got = recv(socket, &word, 1, 0);
    while (got < 0 && errno == EINTR);
    return got > 0;
}

int remote_process(const struct guest *guest, const struct remote_means *means, int socket)
{
    struct session_process self = {
        .guest = guest, .socket = socket, .lease = -1, .since = clock_now()};
    error *err = NULL;
    int result = -1;

    if (begin_backup(&self, means->keeper, &err) < 0)
        tell_guest_failure(&self, err);
    else if (connect_to_look(&self, means) == 0 && look_apart(&self, means->box) == 0 &&
             wait_for_word(socket))
        result = hand_over(&self);
    /* Those that serve the images live as long as we. */
    if (result == 0)
        wait_for_word(socket);
    for (size_t i = 0; i < self.count; i++)
        remote_image_clear(&self.images[i]);
    return result < 0;
}
