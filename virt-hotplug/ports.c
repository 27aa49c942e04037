/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ports.h"

#include "command.h"
#include "living.h"
#include "unix-connect.h"

/* The sockets of an appliance of ours lie below its root (domain_spec.sessions). */
static int connect_own(const place *place, int number, error **err)
{
    AUTO_FREE char *path = NULL;
    int made = number == PORTS_AGENT ? asprintf(&path, "%s/agent", place_root(place))
                                     : asprintf(&path, "%s/agent-%d", place_root(place), number);
    if (made < 0) {
        path = NULL;
        return error_no_memory(err);
    }
    int fd = unix_connect(path);
    return fd < 0 ? error_set_errno(err, STATUS_CRASHED, errno, "cannot reach it") : fd;
}

/* libvirt's daemon knows where it is. */
static int connect_daemon(const place *place, int number, error **err)
{
    char port[64];
    AUTO_FREE char *name = living_domain_name(place);
    hypervisor *hv = hypervisor_libvirt_at(place_uri(place), place_root(place),
                                           common_options.trace ? command_trace : NULL, NULL, err);
    if (!hv || !name)
        return hv ? error_no_memory(err) : -1;
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
