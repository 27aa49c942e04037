/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker.h"

#include "frame.h"
#include "tree.h"
#include "warden.h"
#include "work.h"
#include "worker-loop.h"
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* What the process is about, in the worker and its warden. */
struct assignment {
    struct worker_config config;
    int orders, reports;
};

static int work(void *data)
{
    struct assignment *self = data;
    AUTO_ERROR error *err = NULL;
    prctl(PR_SET_NAME, "vlt-worker");
    int entered = sandbox_enter(&self->config.sandbox, &err);
    /* Changing the user cleared it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return worker_loop(&self->config, self->orders, self->reports, entered < 0 ? STEAL(err) : NULL);
}

static void clean_up(void *data)
{
    struct assignment *self = data;
    tree_remove(AT_FDCWD, self->config.root);
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void close_pair(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

int worker_start(const struct worker_config *config, struct worker *worker, error **err)
{
    int orders[2], reports[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders) < 0)
        return error_set_errno(err, STATUS_CRASHED, errno, "cannot make a socket");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, reports) < 0) {
        error_set_errno(err, STATUS_CRASHED, errno, "cannot make a socket");
        close_pair(orders);
        return -1;
    }
    struct assignment assignment = {*config, orders[1], reports[1]};
    pid_t pid = -1;
    if (set_nonblocking(orders[0]) < 0 || set_nonblocking(reports[0]) < 0)
        error_set_errno(err, STATUS_CRASHED, errno, "cannot prepare a socket");
    else
        pid = warden_start(work, clean_up, &assignment, (int[]){orders[1], reports[1]}, 2, err);
    close(orders[1]);
    close(reports[1]);
    if (pid < 0) {
        close(orders[0]);
        close(reports[0]);
        return -1;
    }
    *worker = (struct worker){pid, orders[0], reports[0]};
    return 0;
}

/* The descriptors travel beside the packet. */
static int send_packet(int fd, const void *body, size_t length, const int *fds, size_t fd_count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MAX_LAYERS * sizeof(int))];
    } control = {0};
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

int worker_order(const struct worker *worker, const struct order *order, const int *fds,
                 size_t fd_count)
{
    void *frame = NULL;
    size_t length;
    if (fd_count > MAX_LAYERS)
        return -EINVAL;
    int result = frame_encode((xdrproc_t)xdr_order, order, &frame, &length);
    if (result == 0)
        result = send_packet(worker->orders, frame, length, fds, fd_count);
    free(frame);
    return result;
}
