/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance-connection.h"
#include "base/text-format.h"
#include "cli/message.h"
#include "cli/stdout-guard.h"
#include "command-line.h"
#include "command-streams.h"
#include "ports.h"

#include <signal.h>
#include <string.h>

static char **environment;
static int no_terminal;

static struct poptOption table[] = {
    {"env", 'e', POPT_ARG_ARGV, &environment, 0, "add this to its environment", "NAME=VALUE"},
    {"no-tty", 'T', POPT_ARG_NONE, &no_terminal, 0,
     "no terminal for it, even where stdin and stdout are one", NULL},
    COMMAND_LINE_OPTIONS};

static int run_in(const char *name, char *const *arguments, error **err)
{
    struct sandbox box;
    AUTO_APPLIANCE_DIRECTORY appliance_directory *directory = appliance_directory_find(name, err);
    AUTO_FD int lock = -1;
    struct command_streams_program command = {
        .arguments = arguments,
        .environment = environment,
        .terminal = !no_terminal && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
    };
    if (!directory || sandbox_choose(&box, err) < 0)
        return -1;
    int number = appliance_directory_take_session(directory, &lock, err);
    /* A daemon, and what it made, are reached with our own rights. */
    bool daemon = appliance_directory_uri(directory) != NULL;
    if (number < 0 || (!daemon && sandbox_enter(&box, err) < 0))
        return -1;
    AUTO_FD int port = ports_connect(directory, number, err);
    if (port < 0 || (daemon && sandbox_enter(&box, err) < 0))
        return -1;
    return command_streams_run(port, &command, err);
}

/* Which the agent would refuse, like a command that cannot be started. */
static int check_environment(void)
{
    for (char **entry = environment; entry && *entry; entry++)
        if (!strchr(*entry, '=') || **entry == '=') {
            message("run: -e %s: it is not NAME=VALUE", *entry);
            message_try_help(PROGRAM " run");
            return -1;
        }
    return 0;
}

/* TERM means something to a command with a terminal. */
static int add_terminal(void)
{
    AUTO_FREE char *entry = NULL;
    const char *term = getenv("TERM");
    size_t count = 0;
    while (environment && environment[count])
        count++;
    char **larger = reallocarray(environment, count + 2, sizeof *larger);
    if (!larger || !(entry = text_format("TERM=%s", term ? term : "linux")))
        return -1;
    environment = larger;
    /* First, so that -e TERM=… comes later and counts. */
    memmove(environment + 1, environment, count * sizeof *environment);
    environment[0] = STEAL(entry);
    environment[count + 1] = NULL;
    return 0;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    int parsed = command_line_parse(&run_command, argc, argv, table, 2, UINT32_MAX, &words);
    if (parsed >= 0)
        return parsed == HOTPLUG_OK ? parsed : RUN_FAILED; /* 2 could be the command's own */
    /* "NAME -- COMMAND": popt stops at NAME, and leaves the dashes to us. */
    char **arguments = words + 1 + (strcmp(words[1], "--") == 0);
    if (!*arguments) {
        message("run: an argument is missing: usage: " PROGRAM " run %s", run_command.arguments);
        message_try_help(PROGRAM " run");
        return RUN_FAILED;
    }
    if (check_environment() < 0)
        return RUN_FAILED;
    if (add_terminal() < 0) {
        message("out of memory");
        return RUN_FAILED;
    }
    int status = run_in(words[0], arguments, &err);
    if (status >= 0)
        return status;
    if (error_errno(err) == EPIPE)
        stdout_guard_by_signal(SIGPIPE);
    command_line_failed(words[0], err);
    return error_kind(err) == ERROR_UNSUPPORTED ? RUN_NOT_STARTED : RUN_FAILED;
}

const struct command run_command = {
    "run", "[OPTION...] NAME COMMAND [ARGUMENT...]",
    "Runs a command in the appliance. Its standard streams, its exit status and the signals\n"
    "that it gets are those of this command. 127: it could not be started there; 125: " PROGRAM "\n"
    "itself failed. Both say why.",
    run};
