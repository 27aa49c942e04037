/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error is made once, where the failure is, and gains context on its way up.
 *
 * It is the last parameter of every function that can fail, and *err must be NULL on the way in.
 * err itself may be NULL where the caller does not need it. Functions that fail return -1 (or NULL)
 * and have set *err; functions that succeed have not touched it. Messages may hold any bytes: the
 * code that prints them escapes control characters (text.h). */
#ifndef VLT_ERROR_H
#define VLT_ERROR_H

#include "cleanup.h"
#include <stdbool.h>

/* What failed. Callers decide by it; wire/status.h maps it to the status of a guest. */
enum error_kind {
    ERROR_NONE = 0,
    /* Failures of the caller, this host, or the appliance: they say nothing about any guest. */
    ERROR_MEMORY,    /* memory has run out */
    ERROR_USAGE,     /* what the user typed or wrote is not valid */
    ERROR_HOST,      /* this host or a process of ours: no file, no process, no right */
    ERROR_APPLIANCE, /* the appliance is lost, does not start, or cannot be believed */
    /* Failures of a guest, or of one of its images. */
    ERROR_EMPTY,       /* there is nothing in it */
    ERROR_ENCRYPTED,   /* no key opens it */
    ERROR_UNSUPPORTED, /* known, and we cannot read it */
    ERROR_CORRUPT,     /* damaged, or not what it says it is */
    ERROR_UNREADABLE,  /* it could not be opened or read */
    ERROR_REFUSED,     /* a rule forbids it */
    ERROR_TIMEOUT,     /* no answer in time */
    ERROR_PACKED       /* it has to be unpacked before it can be looked at */
};

typedef struct error error;

/* Makes *err from a format. Always returns -1, so that a caller can `return error_set(...)`. */
int error_set(error **err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and strerror(errnum) behind it. Leaves errno as errnum. */
int error_set_errno(error **err, enum error_kind kind, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ERROR_MEMORY, made without allocating. Always -1. */
int error_no_memory(error **err);

/* Puts context and ": " before the message of *err. Always returns -1. */
int error_prefix(error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *error_message(const error *err);  /* never NULL; owned by err */
enum error_kind error_kind(const error *err); /* ERROR_NONE for NULL */
/* Whether the failure is the guest's own: other guests are not affected. */
bool error_is_of_guest(const error *err);
int error_errno(const error *err); /* 0 where no system call failed */

/* Hands err over to *to; if *to has an error already, that one stays and err is freed. */
int error_propagate(error **to, error *err);

void error_free(error *err);

static inline void cleanup_error(error **err)
{
    error_free(*err);
}
#define AUTO_ERROR CLEANUP(cleanup_error)

#endif
