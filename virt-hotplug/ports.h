/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ports of an appliance, seen from the host. */
#ifndef VHP_PORTS_H
#define VHP_PORTS_H

#include "appliance-directory.h"

#define PORTS_AGENT (-1) /* the agent's: for the holder of the directory's lock */

/* Connects to that port, or to a session's that appliance_directory_take_session() has given. Where
 * no daemon has the appliance, this process is in its sandbox: a QEMU that was taken over can put a
 * link to any other socket in the port's place. The descriptor is the caller's; -1 and *err
 * (ERROR_APPLIANCE: the appliance has ended). */
int ports_connect(const appliance_directory *directory, int number, error **err);

/* The same for a process that keeps its rights: another one connects. */
int ports_connect_sandboxed(const appliance_directory *directory, const struct sandbox *box,
                            int number, error **err);

#endif
