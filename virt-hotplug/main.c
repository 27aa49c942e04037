/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/message.h"
#include "cli/program.h"
#include "command-line.h"

#include <string.h>

static const struct command *const commands[] = {&launch_command, &attach_command,
                                                 &detach_command, &list_command,
                                                 &run_command,    &shutdown_command};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_help(void)
{
    printf(
        "Usage: " PROGRAM " COMMAND [OPTION...] ARGUMENT...\n\n"
        "An appliance that lives between commands, and disk images that are attached to it.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  " PROGRAM " %-8s %s\n", commands[i]->name, commands[i]->arguments);
    printf(
        "\n`" PROGRAM " COMMAND --help` says more. -V, --version prints the version.\n\n"
        "Exit status: 0 done, 1 it could not be done, 2 wrong usage, 3 the appliance could not be\n"
        "started or has ended; `run`: the command's own, 125 where " PROGRAM " failed.\n");
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int dispatch(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);
    if (command)
        return command->run(argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "--usage") == 0) {
        print_help();
        return HOTPLUG_OK;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        program_print_version();
        return HOTPLUG_OK;
    }
    if (*name)
        message("\"%s\" is no command", name);
    else
        message("no command is given");
    message_try_help(PROGRAM);
    return HOTPLUG_USAGE;
}

int main(int argc, char **argv)
{
    if (program_begin(PROGRAM) < 0)
        return HOTPLUG_FAILED;
    int code = dispatch(argc, argv);
    /* What was done may have been done in vain if its output is lost. */
    return program_end() < 0 && code == HOTPLUG_OK ? HOTPLUG_FAILED : code;
}
