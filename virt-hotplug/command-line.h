/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the commands of virt-hotplug: reading the command line, and exit statuses. */
#ifndef VHP_COMMAND_LINE_H
#define VHP_COMMAND_LINE_H

#include "base/error.h"
#include "scan/supervisor.h"
#include <popt.h>

#define PROGRAM "virt-hotplug"

/* Exit statuses; `run` has the command's own, and RUN_FAILED. */
enum hotplug_exit {
    HOTPLUG_OK = 0,
    HOTPLUG_FAILED = 1, /* it failed; stderr has the reason */
    HOTPLUG_USAGE = 2,
    HOTPLUG_NO_APPLIANCE = 3, /* it could not be started, or has ended */
    RUN_FAILED = 125,         /* `run` itself; as env(1) and others have it */
    RUN_NOT_STARTED = 127     /* the command was not found in the appliance, or could not start */
};

struct command {
    const char *name;
    const char *arguments; /* "[OPTION...] NAME" */
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; the exit status */
};

extern const struct command launch_command, attach_command, detach_command, list_command,
    run_command, shutdown_command;

/* Options of all commands; `include` it in a table with COMMAND_LINE_OPTIONS. */
struct command_line_options {
    int verbose, trace;
};
extern struct command_line_options command_line_options;
extern struct poptOption command_line_options_table[];
#define COMMAND_LINE_OPTIONS                                                                       \
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, command_line_options_table, 0, "Options of all commands:",   \
     NULL},                                                                                        \
        POPT_TABLEEND

/* Reads a command's line. Options that have a variable are put there by popt. *words are the
 * arguments, at least `least` and at most `most`, NULL behind the last; the caller frees the array.
 * Of `run`, everything behind the first argument is an argument.
 * -1: go on; otherwise the exit status (wrong usage has been said; --help printed). */
int command_line_parse(const struct command *command, int argc, char **argv,
                       struct poptOption *table, unsigned least, unsigned most, char ***words);

/* Prints the error, after `about`, and returns its exit status. */
int command_line_failed(const char *about, const error *err);

/* Calls to the hypervisor, with -x; for hypervisor_trace. */
void command_line_trace(void *data, const char *what, double seconds);
/* Warnings, and with -v and -x more; for struct supervisor_client. */
void command_line_log(void *data, enum supervisor_log level, const char *text);

#endif
