/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ports.h"

#include "command.h"
#include "living.h"
#include "sandboxed.h"
#include "unix-connect.h"
#include <sys/socket.h>

struct connecting {
    const place *place;
    int number, fd;
};

/* The sockets of an appliance of ours lie below its root (domain_spec.sessions). */
static int connect_own(void *data, error **err)
{
    const struct connecting *self = data;
    AUTO_FREE char *path = NULL;
    int written = self->number == PORTS_AGENT
                      ? asprintf(&path, "%s/agent", place_root(self->place))
                      : asprintf(&path, "%s/agent-%d", place_root(self->place), self->number);
    if (written < 0) {
        path = NULL;
        return error_no_memory(err);
    }
    if (unix_connect_socket(self->fd, path) == 0)
        return 0;
    return error_set_errno(err, errno == ETIMEDOUT ? STATUS_TIMEOUT : STATUS_CRASHED, errno,
                           "cannot reach it");
}

/* libvirt's daemon knows where it is. */
static int connect_daemon(const place *place, int number, error **err)
{
    char port[64];
    hypervisor *hv = NULL;
    int found = living_find(place, &hv, err);
    if (found != 0)
        return found > 0 ? living_has_ended(place, err) : -1;
    if (number == PORTS_AGENT)
        snprintf(port, sizeof port, AGENT_PORT_NAME);
    else
        snprintf(port, sizeof port, SESSION_PORT_NAME "%d", number);
    return hv->ops->open_port(hv, port, err);
}

static int make_socket(error **err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? error_set_errno(err, STATUS_CRASHED, errno, "cannot make a socket") : fd;
}

int ports_connect(const place *place, int number, error **err)
{
    if (place_uri(place))
        return connect_daemon(place, number, err);
    if (!place_alive(place))
        return living_has_ended(place, err);
    AUTO_FD int fd = make_socket(err);
    struct connecting connecting = {place, number, fd};
    return fd < 0 || connect_own(&connecting, err) < 0 ? -1 : steal_fd(&fd);
}

int ports_connect_sandboxed(const place *place, const struct sandbox *box, int number, error **err)
{
    if (place_uri(place))
        return connect_daemon(place, number, err);
    AUTO_FD int fd = make_socket(err);
    struct connecting connecting = {place, number, fd};
    /* The socket is the same in both processes. */
    return fd < 0 || sandboxed(box, connect_own, &connecting, -1, err) < 0 ? -1 : steal_fd(&fd);
}
