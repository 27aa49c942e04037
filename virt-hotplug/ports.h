/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ports of an appliance, seen from the host. */
#ifndef VHP_PORTS_H
#define VHP_PORTS_H

#include "place.h"

#define PORTS_AGENT (-1) /* for whoever holds the place's lock */

/* Connects to that port, or to a session's that place_take_session() has given. The descriptor is
 * the caller's; -1 and *err (STATUS_CRASHED: the appliance has ended). */
int ports_connect(const place *place, int number, error **err);

#endif
