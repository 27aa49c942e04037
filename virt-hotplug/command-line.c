/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command-line.h"

#include "base/text-format.h"
#include "cli/message.h"
#include "cli/popt-escape.h"
#include <string.h>

enum code { OPT_HELP = 1000, OPT_USAGE };

struct command_line_options command_line_options;

struct poptOption command_line_options_table[] = {
    {"verbose", 'v', POPT_ARG_NONE, &command_line_options.verbose, 0, "say what is being done",
     NULL},
    {NULL, 'x', POPT_ARG_NONE, &command_line_options.trace, 0,
     "trace calls to libvirt, with their time", NULL},
    {"help", 0, POPT_ARG_NONE, NULL, OPT_HELP, "print this help", NULL},
    {"usage", 0, POPT_ARG_NONE, NULL, OPT_USAGE, "print a brief usage message", NULL},
    POPT_TABLEEND};

static int wrong_usage(const struct command *command)
{
    AUTO_FREE char *name = text_format(PROGRAM " %s", command->name);
    message_try_help(name ? name : PROGRAM);
    return HOTPLUG_USAGE;
}

static int show(poptContext context, const struct command *command, int code)
{
    poptSetOtherOptionHelp(context, command->arguments);
    if (code == OPT_USAGE) {
        poptPrintUsage(context, stdout, 0);
        return HOTPLUG_OK;
    }
    poptPrintHelp(context, stdout, 0);
    printf("\n%s\n", command->summary);
    return HOTPLUG_OK;
}

/* popt's words end with its context. One block: the array, and the words behind it. */
static char **copy_words(poptContext context, unsigned *count)
{
    const char **words = poptGetArgs(context);
    size_t length = 0;
    *count = 0;
    while (words && words[*count])
        length += strlen(words[(*count)++]) + 1;
    char **copy = malloc((*count + 1) * sizeof *copy + length);
    char *to = copy ? (char *)(copy + *count + 1) : NULL;
    for (unsigned i = 0; copy && i < *count; i++) {
        copy[i] = to;
        to = stpcpy(to, words[i]) + 1;
        popt_escape_restore(copy[i]);
    }
    if (copy)
        copy[*count] = NULL;
    return copy;
}

/* Those that popt has put where the table says. */
static void restore_values(const struct poptOption *option)
{
    for (; option->longName || option->shortName || option->arg; option++) {
        unsigned kind = option->argInfo & POPT_ARG_MASK;
        if (kind == POPT_ARG_INCLUDE_TABLE)
            restore_values(option->arg);
        else if (kind == POPT_ARG_STRING)
            popt_escape_restore(*(char **)option->arg);
        else if (kind == POPT_ARG_ARGV)
            for (char **value = *(char ***)option->arg; value && *value; value++)
                popt_escape_restore(*value);
    }
}

static int parse(poptContext context, const struct command *command, unsigned least, unsigned most,
                 char ***words)
{
    unsigned count;
    int code = poptGetNextOpt(context);
    if (code > 0)
        return show(context, command, code);
    if (code < -1) {
        AUTO_ERROR error *err = NULL;
        popt_escape_failed(context, code, &err);
        message("%s", error_message(err));
        return wrong_usage(command);
    }
    *words = copy_words(context, &count);
    if (!*words) {
        message("out of memory");
        return HOTPLUG_FAILED;
    }
    if (count >= least && count <= most)
        return -1;
    message("%s: %s: usage: " PROGRAM " %s %s", command->name,
            count < least ? "something is missing" : "too many arguments", command->name,
            command->arguments);
    return wrong_usage(command);
}

int command_line_parse(const struct command *command, int argc, char **argv,
                       struct poptOption *table, unsigned least, unsigned most, char ***words)
{
    char title[64];
    snprintf(title, sizeof title, PROGRAM " %s", command->name);
    argv[0] = title;
    AUTO_FREE const char **line = popt_escape_words(argc, argv);
    /* Of `run`, what follows the first argument is the other program's. */
    poptContext context =
        line ? poptGetContext(NULL, argc, line, table,
                              command == &run_command ? POPT_CONTEXT_POSIXMEHARDER : 0)
             : NULL;
    *words = NULL;
    if (!context) {
        message("out of memory");
        return HOTPLUG_FAILED;
    }
    int result = parse(context, command, least, most, words);
    restore_values(table);
    poptFreeContext(context);
    if (result >= 0) {
        free(*words);
        *words = NULL;
    }
    return result;
}

int command_line_failed(const char *about, const error *err)
{
    if (about)
        message("%s: %s", about, error_message(err));
    else
        message("%s", error_message(err));
    return error_is_of_guest(err) ? HOTPLUG_FAILED : HOTPLUG_NO_APPLIANCE;
}

void command_line_trace(void *data, const char *what, double seconds)
{
    (void)data;
    message("libvirt: %s: %.1f ms", what, seconds * 1000);
}

void command_line_log(void *data, enum supervisor_log level, const char *text)
{
    (void)data;
    if (level == LOG_WARNING || (level == LOG_VERBOSE && command_line_options.verbose) ||
        (level == LOG_TRACE && command_line_options.trace))
        message("%s", text);
}
