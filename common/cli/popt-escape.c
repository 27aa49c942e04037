/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "popt-escape.h"

#include <string.h>

#define HIDER '\1'
static const char hidden[] = {'!', '#', HIDER, '\0'};

/* Writes the word, and a NUL; the place behind that. */
static char *hide(char *to, const char *word)
{
    for (const char *from = word; *from; from++) {
        *to++ = *from;
        if (from > word && from[-1] == '!' && *from == '#')
            *to++ = HIDER;
    }
    *to = '\0';
    return to + 1;
}

const char **popt_escape_words(int argc, char **argv)
{
    size_t count = (size_t)argc, length = 0;

    /* One byte for two at most. */
    for (size_t i = 0; i < count; i++)
        length += strlen(argv[i]) * 3 / 2 + 1;
    const char **words = malloc((count + 1) * sizeof *words + length);
    if (!words)
        return NULL;
    char *to = (char *)(words + count + 1);
    for (size_t i = 0; i < count; i++) {
        words[i] = to;
        to = hide(to, argv[i]);
    }
    words[count] = NULL;
    return words;
}

void popt_escape_restore(char *word)
{
    char *at = word ? strstr(word, hidden) : NULL;

    for (; at; at = strstr(at, hidden)) {
        at += 2;
        memmove(at, at + 1, strlen(at));
    }
}

int popt_escape_failed(poptContext context, int code, error **err)
{
    const char *word = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    AUTO_FREE char *option = strndup(word, strcspn(word, "=:"));

    popt_escape_restore(option);
    return error_set(err, ERROR_USAGE, "%s: %s", option ? option : "?", poptStrerror(code));
}
