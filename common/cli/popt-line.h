/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command line, read by popt, without what popt does and getopt, and so virt-df, does not. */
#ifndef VLT_POPT_LINE_H
#define VLT_POPT_LINE_H

#include "base/error.h"
#include <popt.h>
#include <stdbool.h>
#include <stdio.h>

/* An argument that is no option has this code. */
#define POPT_LINE_ARGUMENT 0

/* Gets an option's code and its value (NULL where it has none), or an argument.
 * 0: go on; 1: nothing that follows counts; -1 and *err. */
typedef int (*popt_line_take)(void *data, int code, const char *value, error **err);

/* Options and arguments are taken in the order in which they stand; those whose code is 0 popt puts
 * where the table says. An option whose value is optional has one only as --NAME=VALUE.
 * options_first: all that follows the first argument are arguments. 0 or -1 and *err. The message
 * does not repeat a value: it may be a passphrase. */
int popt_line_read(int argc, char **argv, struct poptOption *table, bool options_first,
                   popt_line_take take, void *data, error **err);

/* Prints what --help or --usage shows; arguments is "[OPTION...] IMAGE...". */
void popt_line_print_help(FILE *to, const char *command, const char *arguments,
                          struct poptOption *table, bool usage_only);

#endif
