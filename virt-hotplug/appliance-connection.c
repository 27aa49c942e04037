/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance-connection.h"

#include "appliance/appliance.h"
#include "base/clock.h"
#include "base/pid-signal.h"
#include "base/text-format.h"
#include "command-line.h"
#include "ports.h"
#include "process/confinement.h"
#include "sandboxed-work.h"
#include "wire/port-name.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

/* An agent that is busy has at most one disk to flush. */
#define HELLO_PATIENCE (30 * CLOCK_SECOND)
#define END_PATIENCE 10000 /* milliseconds */
#define LIBVIRT_LOG_BYTES ((uint64_t)16 << 20)

int appliance_connection_has_ended(const appliance_directory *directory, error **err)
{
    return error_set(err, ERROR_APPLIANCE,
                     "the appliance has ended; `" PROGRAM
                     " shutdown %s` removes what is left of it",
                     appliance_directory_name(directory));
}

int appliance_connection_find(const appliance_directory *directory, hypervisor **hv, error **err)
{
    if (!appliance_directory_uuid(directory))
        return 1;
    const struct hypervisor_options options = {
        .root = appliance_directory_root(directory),
        .uri = appliance_directory_uri(directory),
        .trace = command_line_options.trace ? command_line_trace : NULL,
    };
    *hv = appliance_directory_driver->create(&options, err);
    return *hv ? (*hv)->ops->find(*hv, appliance_directory_uuid(directory), err) : -1;
}

static int meet_agent(struct appliance_connection *connection, int port, error **err)
{
    connection->agent = port < 0 ? NULL : agent_client_new(port, err);
    return connection->agent
               ? agent_client_greet(connection->agent, clock_now() + HELLO_PATIENCE, err)
               : -1;
}

/* libvirt inside this process has no rights. It waits for ever for a QEMU that stands still, so the
 * agent, which has a deadline, answers before. */
static int reach_own(const appliance_directory *directory, const struct sandbox *box,
                     struct appliance_connection *connection, error **err)
{
    struct sandbox own = *box;
    own.without_kvm = appliance_directory_without_kvm(directory);
    if (sandbox_enter(&own, err) < 0 ||
        meet_agent(connection, ports_connect(directory, PORTS_AGENT, err), err) < 0)
        return -1;
    return appliance_connection_find(directory, &connection->hv, err);
}

/* A daemon, and what it made, are reached with our own rights. */
static int reach_daemon(const appliance_directory *directory, const struct sandbox *box,
                        struct appliance_connection *connection, error **err)
{
    int found = appliance_connection_find(directory, &connection->hv, err);
    if (found != 0)
        return found;
    AUTO_FD int port = connection->hv->ops->open_port(connection->hv, AGENT_PORT_NAME, err);
    if (port < 0 || sandbox_enter(box, err) < 0)
        return -1;
    return meet_agent(connection, steal_fd(&port), err);
}

int appliance_connection_open(const appliance_directory *directory, const struct sandbox *box,
                              struct appliance_connection *connection, error **err)
{
    *connection = (struct appliance_connection){0};
    if (!appliance_directory_alive(directory))
        return 1;
    int reached = appliance_directory_uri(directory) ? reach_daemon(directory, box, connection, err)
                                                     : reach_own(directory, box, connection, err);
    /* The log of libvirt, which lasts as long as the appliance. */
    if (reached == 0 && confinement_bound_files(LIBVIRT_LOG_BYTES, err) < 0)
        return -1;
    if (reached == 0)
        reached = connection->hv->ops->take_over(connection->hv, err);
    if (reached != 0)
        return reached;
    connection->disks = persistent_slots_new(connection->hv, connection->agent, err);
    return connection->disks ? 0 : -1;
}

void appliance_connection_close(struct appliance_connection *connection)
{
    persistent_slots_free(connection->disks);
    agent_client_free(connection->agent);
    /* The connection lasts as long as the process, and the appliance longer. */
    *connection = (struct appliance_connection){0};
}

int appliance_connection_open_named(const char *name, struct appliance_connection *connection,
                                    error **err)
{
    /* Never freed: libvirt has a lock of its own on the root for as long as this process lives, and
     * a process that gets ours must get that one, too. (Used: or the compiler does away with the
     * variable, and a leak checker finds what it held.) */
    static appliance_directory *held __attribute__((used));
    struct sandbox box;
    if (sandbox_choose(&box, err) < 0)
        return -1;
    held = appliance_directory_open(name, err);
    int opened = held ? appliance_connection_open(held, &box, connection, err) : -1;
    return opened > 0 ? appliance_connection_has_ended(held, err) : opened;
}

/* --- the end --- */

/* With the sandbox's rights: what the pid file says is not to be trusted with root's. */
static int kill_qemu(void *data, error **err)
{
    const appliance_directory *directory = data;
    pid_t pid = appliance_directory_qemu(directory);
    AUTO_FD int process = pid_open(pid);
    /* Still locked, so the number has not been given to another process meanwhile. */
    if (appliance_directory_qemu(directory) == 0)
        return 0;
    if (process < 0)
        return error_set(err, ERROR_REFUSED, "cannot tell which process its QEMU is");
    if (pid_fd_signal(process, SIGKILL) < 0 && errno != ESRCH)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot end its QEMU (process %d)", pid);
    if (poll(&(struct pollfd){process, POLLIN, 0}, 1, END_PATIENCE) != 1)
        return error_set(err, ERROR_REFUSED, "its QEMU (process %d) does not end", pid);
    return 0;
}

static int destroy_domain(const appliance_directory *directory, error **err)
{
    hypervisor *hv = NULL;
    int found = appliance_connection_find(directory, &hv, err);
    if (found != 0)
        return found > 0 ? 0 : -1;
    hv->ops->end(hv);
    found = hv->ops->find(hv, appliance_directory_uuid(directory), err);
    if (found == 0)
        return error_set(err, ERROR_REFUSED, "libvirt has not ended it");
    return found > 0 ? 0 : -1;
}

int appliance_connection_end(const appliance_directory *directory, const struct sandbox *box,
                             error **err)
{
    if (appliance_directory_uri(directory))
        return destroy_domain(directory, err);
    return appliance_directory_qemu(directory)
               ? sandboxed_work_do(box, kill_qemu, (void *)(uintptr_t)directory, err)
               : 0;
}
