/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The orderly end of an appliance. */
#ifndef VHP_SHUTDOWN_H
#define VHP_SHUTDOWN_H

#include "appliance-directory.h"

enum shutdown_how {
    SHUTDOWN_WHEN_WRITTEN,      /* only after all writable disks were detached */
    SHUTDOWN_AFTER_WHAT_CAN_BE, /* detaches them first by force; prints what fails */
    SHUTDOWN_AT_ONCE
};

/* Ends the appliance and removes its directory. The directory is locked, and stays the caller's to
 * free. 0; -1 and *err (ERROR_REFUSED: a disk is in use, or the appliance does not answer, and
 * nothing has ended). */
int shutdown_appliance(appliance_directory *directory, const struct sandbox *box,
                       enum shutdown_how how, error **err);

#endif
