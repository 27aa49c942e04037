/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a command line by popt, with the rules of getopt, which virt-df follows, where the two
 * differ. */
#ifndef VLT_POPT_LINE_H
#define VLT_POPT_LINE_H

#include "base/error.h"
#include <popt.h>
#include <stdbool.h>
#include <stdio.h>

/* An argument that is no option has this code. */
#define POPT_LINE_ARGUMENT 0

/* Called with an option's code and its value (NULL where it has none), or with an argument. 0: go
 * on; 1: ignore the rest of the line; -1 and *err. */
typedef int (*popt_line_take)(void *data, int code, const char *value, error **err);

/* Takes options and arguments in the order of the line; popt itself stores options whose code is 0
 * in the table's variables. An option with an optional value has one only as --NAME=VALUE.
 * options_first: all words after the first argument are arguments. 0 or -1 and *err. The message
 * does not repeat a value: it may be a passphrase. */
int popt_line_read(int argc, char **argv, struct poptOption *table, bool options_first,
                   popt_line_take take, void *data, error **err);

/* Prints what --help or --usage shows; arguments is "[OPTION...] IMAGE...". */
void popt_line_print_help(FILE *to, const char *command, const char *arguments,
                          struct poptOption *table, bool usage_only);

#endif
