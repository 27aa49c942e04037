/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The orderly end of an appliance. */
#ifndef VHP_SHUTDOWN_H
#define VHP_SHUTDOWN_H

#include "place.h"

/* Detaches what is attached for writing, unless forced; ends the appliance; removes its directory.
 * The place is locked, and stays the caller's to free. 0 or -1 and *err (STATUS_REFUSED: a disk is
 * in use, and nothing has ended). */
int shutdown_appliance(place *place, const struct sandbox *box, bool forced, error **err);

#endif
