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

static const enum status of_kind[] = {
    [ERROR_NONE] = STATUS_OK,
    [ERROR_MEMORY] = STATUS_CRASHED,
    [ERROR_USAGE] = STATUS_CRASHED,
    [ERROR_HOST] = STATUS_CRASHED,
    [ERROR_APPLIANCE] = STATUS_CRASHED,
    [ERROR_EMPTY] = STATUS_EMPTY,
    [ERROR_ENCRYPTED] = STATUS_ENCRYPTED,
    [ERROR_UNSUPPORTED] = STATUS_UNSUPPORTED,
    [ERROR_CORRUPT] = STATUS_CORRUPT,
    [ERROR_UNREADABLE] = STATUS_UNREADABLE,
    [ERROR_REFUSED] = STATUS_REFUSED,
    [ERROR_TIMEOUT] = STATUS_TIMEOUT,
    [ERROR_PACKED] = STATUS_UNSUPPORTED,
};

enum status status_of_error(enum error_kind kind)
{
    return of_kind[kind];
}

enum error_kind status_error_kind(enum status value)
{
    for (size_t kind = ERROR_EMPTY; kind < sizeof of_kind / sizeof of_kind[0]; kind++)
        if (of_kind[kind] == value)
            return (enum error_kind)kind;
    return ERROR_HOST;
}
