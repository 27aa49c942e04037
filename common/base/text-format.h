/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* printf() into new memory. */
#ifndef VLT_TEXT_FORMAT_H
#define VLT_TEXT_FORMAT_H

#include <stdarg.h>

/* The caller frees the text. NULL: no memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
