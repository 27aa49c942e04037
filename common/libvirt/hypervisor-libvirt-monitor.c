/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP commands to the appliance's QEMU. Where libvirt's driver is in this process, QEMU has a
 * second monitor, for us alone: with each command of its own libvirt takes a job, wakes its thread
 * and writes the domain's status to a file, which it syncs (docs/performance.md). A daemon's QEMU
 * is reached through the daemon only. libvirt knows nothing of the commands in either case, but of
 * the events that come of them. */
#include "hypervisor-libvirt-internal.h"

#include "appliance/qmp.h"
#include "base/clock.h"
#include "base/unix-socket.h"
#include "libvirt-error.h"
#include <libvirt/libvirt-qemu.h>

void hypervisor_libvirt_traced(const libvirt_hypervisor *self, const char *what, uint64_t since)
{
    if (self->trace)
        self->trace(self->trace_data, what, (double)(clock_now() - since) / CLOCK_SECOND);
}

int hypervisor_libvirt_failed(error **err, const char *what)
{
    return error_set(err, ERROR_APPLIANCE, "%s: %s", what, libvirt_error_message());
}

static json_t *ask_libvirt(libvirt_hypervisor *self, const char *text, int fd, error **err)
{
    AUTO_FREE char *reply = NULL;
    int sent = fd < 0 ? virDomainQemuMonitorCommand(self->domain, text, &reply, 0)
                      : virDomainQemuMonitorCommandWithFiles(self->domain, text, 1, &fd, NULL, NULL,
                                                             &reply, 0);
    if (sent == 0)
        return qmp_return(reply, err);
    error_set(err, ERROR_APPLIANCE, "%s", libvirt_error_message());
    return NULL;
}

/* The first command connects: an appliance that is only to be found or ended may not answer. */
static json_t *ask_qemu(libvirt_hypervisor *self, const char *text, int fd, error **err)
{
    if (!self->monitor) {
        int socket = unix_socket_connect(self->monitor_path);
        if (socket < 0) {
            error_set_errno(err, ERROR_APPLIANCE, errno, "cannot connect to QEMU's monitor");
            return NULL;
        }
        self->monitor = qmp_connection_new(socket, err);
    }
    return self->monitor ? qmp_connection_ask(self->monitor, text, fd, err) : NULL;
}

static json_t *ask(libvirt_hypervisor *self, bool own, const char *command, json_t *arguments,
                   int fd, error **err)
{
    char traced[64];
    AUTO_FREE char *text = qmp_command(command, arguments);
    uint64_t since = clock_now();
    if (!text) {
        error_set(err, ERROR_APPLIANCE, "%s: no memory", command);
        return NULL;
    }
    json_t *result = own ? ask_qemu(self, text, fd, err) : ask_libvirt(self, text, fd, err);
    snprintf(traced, sizeof traced, "%s, %zu bytes", command, strlen(text));
    hypervisor_libvirt_traced(self, traced, since);
    if (!result)
        error_prefix(err, "%s", command);
    return result;
}

json_t *hypervisor_libvirt_monitor(libvirt_hypervisor *self, const char *command, json_t *arguments,
                                   int fd, error **err)
{
    return ask(self, self->monitor_path, command, arguments, fd, err);
}

int hypervisor_libvirt_monitor_do(libvirt_hypervisor *self, const char *command, json_t *arguments,
                                  int fd, error **err)
{
    json_t *result = hypervisor_libvirt_monitor(self, command, arguments, fd, err);
    json_decref(result);
    return result ? 0 : -1;
}

int hypervisor_libvirt_query_status(libvirt_hypervisor *self, error **err)
{
    json_t *result = ask(self, false, "query-status", NULL, -1, err);
    json_decref(result);
    return result ? 0 : -1;
}
