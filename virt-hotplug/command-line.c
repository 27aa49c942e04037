/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command-line.h"
#include "appliance-directory.h"

#include "base/text-format.h"
#include "cli/message.h"
#include "cli/popt-line.h"
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

/* What has been read of a line. One block: the array, and the words behind it. */
struct words {
    char **list;
    unsigned count;
    char *end;
    int show; /* OPT_HELP, OPT_USAGE, or 0 */
};

static int make_words(struct words *self, int argc, char **argv)
{
    size_t length = 0;
    for (int i = 0; i < argc; i++)
        length += strlen(argv[i]) + 1;
    self->list = calloc(1, (size_t)(argc + 1) * sizeof *self->list + length);
    self->end = self->list ? (char *)(self->list + argc + 1) : NULL;
    return self->list ? 0 : -1;
}

static int take(void *data, int code, const char *value, error **err)
{
    struct words *self = data;
    (void)err;
    if (code != POPT_LINE_ARGUMENT) {
        self->show = code;
        return 1;
    }
    self->list[self->count++] = self->end;
    self->end = stpcpy(self->end, value) + 1;
    return 0;
}

static int show(const char *title, const struct command *command, struct poptOption *table,
                bool usage_only)
{
    popt_line_print_help(stdout, title, command->arguments, table, usage_only);
    if (!usage_only)
        printf("\n%s\n", command->summary);
    return HOTPLUG_OK;
}

static int check_count(const struct command *command, unsigned count, unsigned least, unsigned most)
{
    if (count >= least && count <= most)
        return -1;
    message("%s: %s: usage: " PROGRAM " %s %s", command->name,
            count < least ? "an argument is missing" : "too many arguments", command->name,
            command->arguments);
    return wrong_usage(command);
}

int command_line_parse(const struct command *command, int argc, char **argv,
                       struct poptOption *table, unsigned least, unsigned most, char ***words)
{
    AUTO_ERROR error *err = NULL;
    struct words read = {0};
    char title[64];
    int result;
    snprintf(title, sizeof title, PROGRAM " %s", command->name);
    argv[0] = title;
    if (make_words(&read, argc, argv) < 0) {
        message("out of memory");
        return HOTPLUG_FAILED;
    }
    /* Of `run`, what follows the first argument is the other program's. */
    if (popt_line_read(argc, argv, table, command == &run_command, take, &read, &err) < 0) {
        message("%s", error_message(err));
        result = error_kind(err) == ERROR_MEMORY ? HOTPLUG_FAILED : wrong_usage(command);
    } else if (read.show)
        result = show(title, command, table, read.show == OPT_USAGE);
    else
        result = check_count(command, read.count, least, most);
    if (result >= 0)
        free(STEAL(read.list));
    *words = read.list;
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
    message("%s: %s: %.1f ms", appliance_directory_driver->name, what, seconds * 1000);
}

void command_line_log(void *data, enum supervisor_log level, const char *text)
{
    (void)data;
    if (level == LOG_WARNING || (level == LOG_VERBOSE && command_line_options.verbose) ||
        (level == LOG_TRACE && command_line_options.trace))
        message("%s", text);
}
