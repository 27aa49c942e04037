/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* the strerror_r that returns a string */
#include "error.h"
#include "text-format.h"

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

int error_set(error **err, enum error_kind kind, const char *format, ...)
{
    va_list args;

    if (!err || *err) /* the first failure is the one that explains the others */
        return -1;
    va_start(args, format);
    error_make(err, kind, 0, text_format_list(format, args));
    va_end(args);
    return -1;
}

/* Takes message over. NULL: the old one stays, which is better than no message. */
static void replace_message(error *err, char *message)
{
    if (!message)
        return;
    free(err->message);
    err->message = message;
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
        error_make(err, kind, errnum, text_format_list(format, args));
        va_end(args);
        if ((*err)->message)
            replace_message(*err, text_format("%s: %s", (*err)->message,
                                              strerror_r(errnum, reason, sizeof reason)));
    }
    errno = errnum;
    return -1;
}

int error_prefix(error **err, const char *format, ...)
{
    va_list args;

    if (!err || !*err || !(*err)->message)
        return -1;
    va_start(args, format);
    AUTO_FREE char *context = text_format_list(format, args);
    va_end(args);
    if (context)
        replace_message(*err, text_format("%s: %s", context, (*err)->message));
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
