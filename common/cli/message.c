/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message.h"

#include "base/cleanup.h"
#include "base/text-format.h"
#include "base/text.h"
#include <stdarg.h>
#include <string.h>

static const char *name = "virt-live-tools";

void message_start(const char *command)
{
    name = command;
}

void message(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    AUTO_FREE char *said = text_format_list(format, args);
    va_end(args);
    AUTO_FREE char *text = said ? text_escape(said, strlen(said)) : NULL;
    fprintf(stderr, "%s: %s\n", name, text ? text : "out of memory");
}

void message_try_help(const char *command)
{
    fprintf(stderr, "Try '%s --help' for more information.\n", command);
}
