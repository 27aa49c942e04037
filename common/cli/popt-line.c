/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two things of popt are worked around in the words that it reads.
 *
 * In the value of an option it replaces "!#:+" by the next word that is no option, and takes that
 * word out of the line (expandNextArg(), for its aliases; we have none). It cannot be told not to,
 * and a file may be called so. So popt does not see it: a byte stands behind each "!#", and what
 * comes from popt loses that again.
 *
 * It takes the next word as the value of an option whose value is optional. So "--format" becomes
 * "--format=". (An image of the name --format is ./--format, as with getopt.) */
#include "popt-line.h"

#include <string.h>

#define HIDER '\1'
static const char hidden[] = {'!', '#', HIDER, '\0'};

/* Writes the word without a NUL; the place behind it. */
static char *hide(char *to, const char *word)
{
    for (const char *from = word; *from; from++) {
        *to++ = *from;
        if (from > word && from[-1] == '!' && *from == '#')
            *to++ = HIDER;
    }
    return to;
}

/* The word as it was given, in place; NULL is fine. */
static void restore(char *word)
{
    char *at = word ? strstr(word, hidden) : NULL;

    for (; at; at = strstr(at, hidden)) {
        at += 2;
        memmove(at, at + 1, strlen(at));
    }
}

static bool is_end(const struct poptOption *option)
{
    return !option->longName && !option->shortName && !option->arg;
}

static unsigned kind_of(const struct poptOption *option)
{
    return option->argInfo & POPT_ARG_MASK;
}

/* "--NAME" of an option whose value is optional. */
static bool lacks_value(const struct poptOption *table, const char *word)
{
    if (strncmp(word, "--", 2) != 0)
        return false;
    for (; !is_end(table); table++) {
        if (kind_of(table) == POPT_ARG_INCLUDE_TABLE && lacks_value(table->arg, word))
            return true;
        if (table->argInfo & POPT_ARGFLAG_OPTIONAL && table->longName &&
            strcmp(table->longName, word + 2) == 0)
            return true;
    }
    return false;
}

/* The words for popt: one block with the array, NULL behind the last. NULL: no memory. */
static const char **make_words(int argc, char **argv, const struct poptOption *table)
{
    size_t count = (size_t)argc, length = 0;
    bool options = true;

    /* One byte for two at most, "=", NUL. */
    for (size_t i = 0; i < count; i++)
        length += strlen(argv[i]) * 3 / 2 + 2;
    const char **words = malloc((count + 1) * sizeof *words + length);
    if (!words)
        return NULL;
    char *to = (char *)(words + count + 1);
    for (size_t i = 0; i < count; i++) {
        words[i] = to;
        to = hide(to, argv[i]);
        options = options && strcmp(argv[i], "--") != 0;
        if (options && lacks_value(table, argv[i]))
            *to++ = '=';
        *to++ = '\0';
    }
    words[count] = NULL;
    return words;
}

/* Those that popt has put where the table says. */
static void restore_values(const struct poptOption *option)
{
    for (; !is_end(option); option++) {
        unsigned kind = kind_of(option);
        if (kind == POPT_ARG_INCLUDE_TABLE)
            restore_values(option->arg);
        else if (kind == POPT_ARG_STRING && option->arg)
            restore(*(char **)option->arg);
        else if (kind == POPT_ARG_ARGV)
            for (char **value = *(char ***)option->arg; value && *value; value++)
                restore(*value);
    }
}

static int failed(poptContext context, int code, error **err)
{
    const char *word = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    AUTO_FREE char *option = strndup(word, strcspn(word, "=:"));

    restore(option);
    return error_set(err, ERROR_USAGE, "%s: %s", option ? option : "?", poptStrerror(code));
}

static int take_all(poptContext context, popt_line_take take, void *data, error **err)
{
    int code;

    while ((code = poptGetNextOpt(context)) >= 0) {
        AUTO_FREE char *value = poptGetOptArg(context);
        restore(value);
        int taken = take(data, code, value, err);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
    return code < -1 ? failed(context, code, err) : 0;
}

int popt_line_read(int argc, char **argv, struct poptOption *table, bool options_first,
                   popt_line_take take, void *data, error **err)
{
    AUTO_FREE const char **words = make_words(argc, argv, table);
    unsigned flags = POPT_CONTEXT_ARG_OPTS | (options_first ? POPT_CONTEXT_POSIXMEHARDER : 0);
    poptContext context = words ? poptGetContext(NULL, argc, words, table, flags) : NULL;

    if (!context)
        return error_no_memory(err);
    int result = take_all(context, take, data, err);
    restore_values(table);
    poptFreeContext(context);
    return result;
}

void popt_line_print_help(FILE *to, const char *command, const char *arguments,
                          struct poptOption *table, bool usage_only)
{
    const char *words[] = {command, NULL};
    poptContext context = poptGetContext(NULL, 1, words, table, 0);

    if (!context)
        return;
    poptSetOtherOptionHelp(context, arguments);
    if (usage_only)
        poptPrintUsage(context, to, 0);
    else
        poptPrintHelp(context, to, 0);
    poptFreeContext(context);
}
