/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command line on its way through popt.
 *
 * In the value of an option popt replaces "!#:+" by the next word that is no option, and takes that
 * word out of the line (expandNextArg(), for its aliases; we have none). It cannot be told not to,
 * and a file may be called so. So popt does not see it: in the words that it reads a byte stands
 * behind each "!#", and whoever takes a word from popt takes that out again. */
#ifndef VLT_OPTION_WORDS_H
#define VLT_OPTION_WORDS_H

#include "base/error.h"
#include <popt.h>

/* The words for popt: one block with the array, NULL behind the last; the caller frees it. NULL: no
 * memory. */
const char **popt_escape_words(int argc, char **argv);

/* The word as it was given, in place; NULL is fine. */
void popt_escape_restore(char *word);

/* What popt has found wrong with the line. The option's value is not repeated: it may be a
 * passphrase. Always -1. */
int popt_escape_failed(poptContext context, int code, error **err);

#endif
