/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of an appliance's devices, to a file and from it. */
#include "hypervisor-libvirt-internal.h"

#include <string.h>
#include <time.h>

static json_t *capabilities_of_templates(void)
{
    /* The memory is in the template's file and not in the state. */
    return json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "x-ignore-shared", "state",
                     1);
}

/* Migration reports its end only by an event or a query. It takes 5-10 ms, and so few steps that
 * waiting for the event through libvirt's thread was no faster than asking. */
static int await_migration(libvirt_hypervisor *self, error **err)
{
    for (;;) {
        json_t *info = hypervisor_libvirt_monitor(self, "query-migrate", NULL, -1, err);
        if (!info)
            return -1;
        const char *status = json_string_value(json_object_get(info, "status"));
        const char *why = json_string_value(json_object_get(info, "error-desc"));
        bool completed = status && strcmp(status, "completed") == 0;
        bool failed = !status || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
        if (failed)
            error_set(err, ERROR_APPLIANCE, "QEMU could not %s",
                      why ? why : "move the appliance's state");
        json_decref(info);
        if (completed || failed)
            return completed ? 0 : -1;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* QEMU 8.2 can write to a file and read from one; QEMU 11 does no longer take files for pipes
 * (`fd:`). libvirt would have to find out about the emulators of all processors to tell the version
 * of its default one: 0.5 s and more where that is not known yet, and some 20 ms where it is. */
static bool knows_files(libvirt_hypervisor *self)
{
    unsigned long version = 0;
    if (self->monitor)
        version = qmp_connection_version(self->monitor);
    else if (virConnectGetVersion(self->connection, &version) < 0)
        return false;
    return version >= 8002000;
}

static int migrate(libvirt_hypervisor *self, const char *command, const char *uri, error **err)
{
    return hypervisor_libvirt_monitor_do(self, command, json_pack("{s:s}", "uri", uri), -1, err) < 0
               ? -1
               : await_migration(self, err);
}

static int pass_file(libvirt_hypervisor *self, const char *command, int fd, error **err)
{
    char uri[64];
    json_int_t set = 0;
    json_t *added = hypervisor_libvirt_monitor(self, "add-fd", NULL, fd, err);
    if (!added)
        return -1;
    int known = json_unpack(added, "{s:I}", "fdset-id", &set);
    json_decref(added);
    if (known < 0)
        return error_set(err, ERROR_APPLIANCE, "add-fd: no number of a set");
    snprintf(uri, sizeof uri, "file:/dev/fdset/%lld", (long long)set);
    int result = migrate(self, command, uri, err);
    hypervisor_libvirt_monitor_do(self, "remove-fd", json_pack("{s:I}", "fdset-id", set), -1, NULL);
    return result;
}

static int pass_pipe(libvirt_hypervisor *self, const char *command, int fd, error **err)
{
    return hypervisor_libvirt_monitor_do(self, "getfd", json_pack("{s:s}", "fdname", "state"), fd,
                                         err) < 0
               ? -1
               : migrate(self, command, "fd:state", err);
}

int hypervisor_libvirt_state_pass(libvirt_hypervisor *self, const char *command, int fd,
                                  error **err)
{
    if (hypervisor_libvirt_monitor_do(self, "migrate-set-capabilities", capabilities_of_templates(),
                                      -1, err) < 0)
        return -1;
    return knows_files(self) ? pass_file(self, command, fd, err)
                             : pass_pipe(self, command, fd, err);
}
