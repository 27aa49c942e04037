/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* vasprintf, the strerror_r that returns a string */
#include "error.h"

#include <stdarg.h>
#include <string.h>

struct error {
    enum error_kind kind;
    int errnum;
    char *message; /* NULL: there was no memory for it */
};

/* Stands in where there is no memory even for an error, so that a failure is never lost. */
static struct error no_memory = {.kind = ERROR_MEMORY, .errnum = ENOMEM};

/* Takes message over; NULL means that there was no memory for it. */
static void error_make(error **err, enum error_kind kind, int errnum, char *message)
{
    error *made = malloc(sizeof *made);

    if (!made || !message) {
        free(made);
        free(message);
        *err = &no_memory;
        return;
    }
    *made = (error){.kind = kind, .errnum = errnum, .message = message};
    *err = made;
}

static char *format_message(const char *format, va_list args)
{
    char *message = NULL;

    return vasprintf(&message, format, args) < 0 ? NULL : message;
}

int error_set(error **err, enum error_kind kind, const char *format, ...)
{
    va_list args;

    if (!err || *err) /* the first failure is the one that explains the others */
        return -1;
    va_start(args, format);
    error_make(err, kind, 0, format_message(format, args));
    va_end(args);
    return -1;
}

int error_no_memory(error **err)
{
    return error_set(err, ERROR_MEMORY, "out of memory");
}

int error_set_errno(error **err, enum error_kind kind, int errnum, const char *format, ...)
{
    char reason[128];
    va_list args;

    if (err && !*err) {
        va_start(args, format);
        error_make(err, kind, errnum, format_message(format, args));
        va_end(args);
        char *message = NULL;
        if ((*err)->message && asprintf(&message, "%s: %s", (*err)->message,
                                        strerror_r(errnum, reason, sizeof reason)) >= 0) {
            free((*err)->message);
            (*err)->message = message;
        }
    }
    errno = errnum;
    return -1;
}

int error_prefix(error **err, const char *format, ...)
{
    AUTO_FREE char *context = NULL;
    char *message = NULL;
    va_list args;

    if (!err || !*err || !(*err)->message)
        return -1;
    va_start(args, format);
    context = format_message(format, args);
    va_end(args);
    /* Without memory the message stays without its context: better than no message. */
    if (context && asprintf(&message, "%s: %s", context, (*err)->message) >= 0) {
        free((*err)->message);
        (*err)->message = message;
    }
    return -1;
}

const char *error_message(const error *err)
{
    if (!err)
        return "no error";
    return err->message ? err->message : "out of memory";
}

enum error_kind error_kind(const error *err)
{
    return err ? err->kind : ERROR_NONE;
}

bool error_is_of_guest(const error *err)
{
    return error_kind(err) >= ERROR_EMPTY;
}

int error_errno(const error *err)
{
    return err ? err->errnum : 0;
}

int error_propagate(error **to, error *err)
{
    if (to && !*to)
        *to = err;
    else
        error_free(err);
    return -1;
}

void error_free(error *err)
{
    if (!err || err == &no_memory)
        return;
    free(err->message);
    free(err);
}
