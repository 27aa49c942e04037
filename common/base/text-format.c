/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* vasprintf */
#include "text-format.h"

#include <stdio.h>

char *text_format_list(const char *format, va_list args)
{
    char *text;

    return vasprintf(&text, format, args) < 0 ? NULL : text;
}

char *text_format(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = text_format_list(format, args);
    va_end(args);
    return text;
}
