/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ports.h"

#include "appliance-connection.h"
#include "base/text-format.h"
#include "base/unix-socket.h"
#include "command-line.h"
#include "sandboxed-work.h"
#include "wire/port-name.h"
#include <sys/socket.h>

struct connecting {
    const appliance_directory *directory;
    int number, fd;
};

/* The sockets of an appliance of ours lie below its root (machine_spec.port_path). */
static int connect_own(void *data, error **err)
{
    const struct connecting *self = data;
    const char *root = appliance_directory_root(self->directory);
    AUTO_FREE char *path = self->number == PORTS_AGENT
                               ? text_format("%s/agent", root)
                               : text_format("%s/agent-%d", root, self->number);
    if (!path)
        return error_no_memory(err);
    if (unix_socket_connect_on(self->fd, path) == 0)
        return 0;
    return error_set_errno(err, errno == ETIMEDOUT ? ERROR_TIMEOUT : ERROR_APPLIANCE, errno,
                           "cannot reach it");
}

/* libvirt's daemon knows where it is. */
static int connect_daemon(const appliance_directory *directory, int number, error **err)
{
    char port[64];
    hypervisor *hv = NULL;
    int found = appliance_connection_find(directory, &hv, err);
    if (found != 0)
        return found > 0 ? appliance_connection_has_ended(directory, err) : -1;
    if (number == PORTS_AGENT)
        snprintf(port, sizeof port, AGENT_PORT_NAME);
    else
        snprintf(port, sizeof port, SESSION_PORT_NAME "%d", number);
    return hv->ops->open_port(hv, port, err);
}

static int make_socket(error **err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? error_set_errno(err, ERROR_HOST, errno, "cannot make a socket") : fd;
}

int ports_connect(const appliance_directory *directory, int number, error **err)
{
    if (appliance_directory_uri(directory))
        return connect_daemon(directory, number, err);
    if (!appliance_directory_alive(directory))
        return appliance_connection_has_ended(directory, err);
    AUTO_FD int fd = make_socket(err);
    struct connecting connecting = {directory, number, fd};
    return fd < 0 || connect_own(&connecting, err) < 0 ? -1 : steal_fd(&fd);
}

int ports_connect_sandboxed(const appliance_directory *directory, const struct sandbox *box,
                            int number, error **err)
{
    if (appliance_directory_uri(directory))
        return connect_daemon(directory, number, err);
    AUTO_FD int fd = make_socket(err);
    struct connecting connecting = {directory, number, fd};
    /* The socket is the same in both processes. */
    return fd < 0 || sandboxed_work_do(box, connect_own, &connecting, err) < 0 ? -1 : steal_fd(&fd);
}
