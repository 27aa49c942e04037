/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ports.h"

#include "command.h"
#include "living.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The sockets of an appliance of ours lie below its root (domain_spec.sessions). */
static int connect_own(const place *place, int number, error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = sizeof address.sun_path;
    int length = number == PORTS_AGENT
                     ? snprintf(address.sun_path, size, "%s/agent", place_root(place))
                     : snprintf(address.sun_path, size, "%s/agent-%d", place_root(place), number);
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (length >= (int)size)
        return error_set(err, STATUS_CRASHED, "its path is too long");
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return error_set_errno(err, STATUS_CRASHED, errno, "cannot reach it");
    return steal_fd(&fd);
}

/* libvirt's daemon knows where it is. */
static int connect_daemon(const place *place, int number, error **err)
{
    char port[64];
    AUTO_FREE char *name = living_domain_name(place);
    hypervisor *hv = hypervisor_libvirt_at(place_uri(place), place_root(place),
                                           common_options.trace ? command_trace : NULL, NULL, err);
    if (!hv || !name)
        return -1;
    int found = hv->ops->find(hv, name, err);
    if (found > 0)
        error_set(err, STATUS_CRASHED, "there is no such domain");
    if (number == PORTS_AGENT)
        snprintf(port, sizeof port, AGENT_PORT_NAME);
    else
        snprintf(port, sizeof port, SESSION_PORT_NAME "%d", number);
    return found == 0 ? hv->ops->open_port(hv, port, err) : -1;
}

int ports_connect(const place *place, int number, error **err)
{
    if (place_uri(place))
        return connect_daemon(place, number, err);
    return place_alive(place) ? connect_own(place, number, err) : living_has_ended(place, err);
}
