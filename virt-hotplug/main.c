/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/message.h"
#include "cli/stdout-guard.h"
#include "command-line.h"

#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

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
        puts(PROGRAM " (virt-live-tools) " PACKAGE_VERSION);
        return HOTPLUG_OK;
    }
    if (*name)
        message("\"%s\" is no command", name);
    else
        message("say what to do");
    message_try_help(PROGRAM);
    return HOTPLUG_USAGE;
}

/* stdout is checked at the very end: what was done may have been done in vain if nobody hears of
 * it. */
static int finish_output(int code)
{
    AUTO_ERROR error *err = NULL;
    if (stdout_guard_finish(&err) == 0)
        return code;
    if (error_errno(err) == EPIPE)
        stdout_guard_by_signal(SIGPIPE);
    message("%s", error_message(err));
    return code == HOTPLUG_OK ? HOTPLUG_FAILED : code;
}

int main(int argc, char **argv)
{
    AUTO_ERROR error *err = NULL;
    message_start(PROGRAM);
    setlocale(LC_CTYPE, ""); /* libsmartcols measures characters */
    umask(022);              /* the modes of what is made are chosen where it is made */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (stdout_guard_start(&err) < 0) {
        message("%s", error_message(err));
        return HOTPLUG_FAILED;
    }
    return finish_output(dispatch(argc, argv));
}
