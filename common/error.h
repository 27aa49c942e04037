/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error is made once, where the failure is, and gains context on its way up.
 *
 * It is the last parameter of every function that can fail, and *err must be NULL on the way in.
 * err itself may be NULL where the caller does not care. Functions that fail return -1 (or NULL)
 * and have set *err; functions that succeed have not touched it. Messages are bytes as they came:
 * whoever prints them escapes control characters (text.h). */
#ifndef VLT_ERROR_H
#define VLT_ERROR_H

#include "cleanup.h"
#include "status.h"

typedef struct error error;

/* Makes *err from a format. Always returns -1, so that a caller can `return error_set(...)`.
 * The kind says what the failure means for the guest at hand (STATUS_REFUSED, …);
 * where no guest is concerned, use STATUS_CRASHED. */
int error_set(error **err, enum status kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and strerror(errnum) behind it. Leaves errno as errnum. */
int error_set_errno(error **err, enum status kind, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The error for where there was none. Always -1. */
int error_no_memory(error **err);

/* Puts context and ": " before the message of *err. Always returns -1. */
int error_prefix(error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *error_message(const error *err); /* never NULL; owned by err */
enum status error_status(const error *err);
int error_errno(const error *err); /* 0 where it was not a system call's failure */

/* Hands err over to *to; if *to has an error already, that one stays and err is freed. */
int error_propagate(error **to, error *err);

void error_free(error *err);

static inline void cleanup_error(error **err)
{
    error_free(*err);
}
#define AUTO_ERROR CLEANUP(cleanup_error)

#endif
