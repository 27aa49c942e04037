/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker.h"

#include "base/file-tree.h"
#include "process/confinement.h"
#include "process/warden.h"
#include "wire/packet.h"
#include "worker-loop.h"
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* What the worker and its warden need. */
struct assignment {
    struct worker_config config;
    int orders, reports;
};

/* What QEMU writes to files besides memory: its console and its log. A guest's kernel that panics
 * says some 10 KiB. */
#define FILE_BYTES ((uint64_t)16 << 20)

/* Nothing but its own directory, and its memory's file where QEMU wants to open that for writing. A
 * builder's is in the template's. Where the appliance boots, its memory is a file that QEMU makes.
 */
static int enter(const struct worker_config *config, error **err)
{
    const char *writable[] = {config->root, NULL, NULL};
    uint64_t memory = (uint64_t)config->appliance.memory_mib << 20;
    if (config->no_file)
        memory = 0;
    if (config->build_dir)
        writable[1] = config->build_dir;
    else if (!config->memory_read_only)
        writable[1] = config->memory_path;
    /* Of what libvirt writes, and syncs, nothing is read when this process has ended. */
    if (confinement_enter(&config->sandbox, writable, config->build_dir != NULL, err) < 0)
        return -1;
    /* A builder writes the template, and has no guest. */
    return config->build_dir
               ? 0
               : confinement_bound_files(FILE_BYTES + (config->template_dir ? 0 : memory), err);
}

static int work(void *data)
{
    struct assignment *self = data;
    AUTO_ERROR error *err = NULL;
    prctl(PR_SET_NAME, "vlt-worker");
    int entered = enter(&self->config, &err);
    /* Changing the user cleared it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return worker_loop(&self->config, self->orders, self->reports, entered < 0 ? STEAL(err) : NULL);
}

static void clean_up(void *data)
{
    struct assignment *self = data;
    file_tree_remove(AT_FDCWD, self->config.root);
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

/* The first order; there is room for it. */
static int send_keys(int orders, const key_list *keys, error **err)
{
    order message = {.kind = ORDER_KEYS, .order_u.keys = *keys};
    int sent = packet_send(orders, (xdrproc_t)xdr_order, &message, NULL, 0);
    return sent < 0 ? error_set_errno(err, ERROR_HOST, -sent, "cannot send keys") : 0;
}

int worker_start(const struct worker_config *config, struct worker *worker, error **err)
{
    int orders[2], reports[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a socket");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, reports) < 0) {
        error_set_errno(err, ERROR_HOST, errno, "cannot make a socket");
        close_pair(orders);
        return -1;
    }
    struct assignment assignment = {*config, orders[1], reports[1]};
    pid_t pid = -1;
    assignment.config.keys = NULL;
    if (set_nonblocking(orders[0]) < 0 || set_nonblocking(reports[0]) < 0)
        error_set_errno(err, ERROR_HOST, errno, "cannot prepare a socket");
    else if (!config->keys || send_keys(orders[0], config->keys, err) == 0)
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

int worker_order(const struct worker *worker, const struct order *order, const int *fds,
                 size_t fd_count)
{
    return packet_send(worker->orders, (xdrproc_t)xdr_order, order, fds, fd_count);
}
