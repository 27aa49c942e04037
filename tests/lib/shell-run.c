/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shell-run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h> /* needs the above */

static int run(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static int run(const char *format, va_list arguments)
{
    char command[2048];
    vsnprintf(command, sizeof command, format, arguments);
    return system(command);
}

int shell_run(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = run(format, arguments);
    va_end(arguments);
    return status;
}

void shell_run_well(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = run(format, arguments);
    va_end(arguments);
    assert_int_equal(status, 0);
}
