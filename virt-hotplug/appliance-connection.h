/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command's access to a running appliance: its lock, libvirt, its agent, its slots. */
#ifndef VHP_APPLIANCE_CONNECTION_H
#define VHP_APPLIANCE_CONNECTION_H

#include "appliance-directory.h"
#include "appliance/persistent-slots.h"

struct appliance_connection {
    hypervisor *hv;
    agent_client *agent;
    persistent_slots *disks;
};

/* Sets *err: its QEMU has ended. Always -1. */
int appliance_connection_has_ended(const appliance_directory *directory, error **err);

/* libvirt, and the appliance's domain in it, of which nothing is asked. 0; 1: it has ended; -1 and
 * *err. *hv lasts as long as the process. */
int appliance_connection_find(const appliance_directory *directory, hypervisor **hv, error **err);

/* Reaches the appliance of `directory`, which is locked, and puts in order what killed commands
 * left. From then on this process has no rights but those of the sandbox: files are opened before.
 * 0; 1: it has ended; -1 and *err. appliance_connection_close() is the caller's. */
int appliance_connection_open(const appliance_directory *directory, const struct sandbox *box,
                              struct appliance_connection *connection, error **err);
void appliance_connection_close(struct appliance_connection *connection);

static inline void cleanup_appliance_connection(struct appliance_connection *connection)
{
    appliance_connection_close(connection);
}
#define AUTO_APPLIANCE_CONNECTION CLEANUP(cleanup_appliance_connection)

/* For commands that do no more than that: by its name, which is locked until the process ends. 0;
 * -1 and *err (ERROR_APPLIANCE: it has ended). */
int appliance_connection_open_named(const char *name, struct appliance_connection *connection,
                                    error **err);

/* Kills the appliance and waits for its end. 0 or -1 and *err. */
int appliance_connection_end(const appliance_directory *directory, const struct sandbox *box,
                             error **err);

#endif
