/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status.h"

#include <stddef.h>

static const char *const names[] = {
    [STATUS_OK] = "ok",
    [STATUS_EMPTY] = "empty",
    [STATUS_ENCRYPTED] = "encrypted",
    [STATUS_UNSUPPORTED] = "unsupported",
    [STATUS_CORRUPT] = "corrupt",
    [STATUS_UNREADABLE] = "unreadable",
    [STATUS_REFUSED] = "refused",
    [STATUS_TIMEOUT] = "timeout",
    [STATUS_CRASHED] = "crashed",
};

const char *status_name(enum status value)
{
    size_t index = (size_t)value; /* the value may have come over the wire */
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}
