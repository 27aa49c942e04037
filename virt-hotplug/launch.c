/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/appliance.h"
#include "base/signal-set.h"
#include "cli/message.h"
#include "cli/option-values.h"
#include "cli/stdout-guard.h"
#include "command-line.h"
#include "disk-options.h"
#include "new-appliance.h"
#include "sandboxed-work.h"
#include "shutdown.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#define IDLE_DEFAULT 3600 /* seconds */

static char *name, *slots, *idle, *accel, *memory, *directory, *uri;
static int foreground;
static struct disk_options disks;

static struct poptOption table[] = {
    {"slots", 0, POPT_ARG_STRING, &slots, 0,
     "reserve so many slots, 1-255 (default: as many as there are images, else 255)", "N"},
    {"name", 0, POPT_ARG_STRING, &name, 0, "its name (default: an unused one)", "NAME"},
    {"idle", 0, POPT_ARG_STRING, &idle, 0,
     "it ends itself when it has not been used for that time (default 3600, 0: never)", "SECONDS"},
    {"foreground", 0, POPT_ARG_NONE, &foreground, 0,
     "stay until the end of standard input, then shut it down", NULL},
    {"accel", 0, POPT_ARG_STRING, &accel, 0, "how it runs (default auto)", "auto|kvm|tcg"},
    {"memsize", 0, POPT_ARG_STRING, &memory, 0, "its memory", "MIB"},
    {"appliance", 0, POPT_ARG_STRING, &directory, 0, "where the appliance's files are", "DIR"},
    {"appliance-uri", 0, POPT_ARG_STRING, &uri, 0,
     "a libvirt daemon that shall have it (default: none is needed)", "URI"},
    DISK_OPTIONS(disks),
    COMMAND_LINE_OPTIONS};

static int take_options(struct new_appliance *start, unsigned images, error **err)
{
    *start = (struct new_appliance){
        .name = name,
        .directory = directory,
        .uri = uri,
        .settings = {.slots = images ? images : SLOT_COUNT, .idle = IDLE_DEFAULT},
        .image_count = images,
        .block_size = disk_options_block_size(&disks),
        .mode = disk_options_mode(&disks),
    };
    if ((name && appliance_directory_check_name(name, err) < 0) ||
        (slots &&
         option_value_number("--slots", slots, 1, SLOT_COUNT, &start->settings.slots, err) < 0) ||
        (idle &&
         option_value_number("--idle", idle, 0, INT32_MAX, &start->settings.idle, err) < 0) ||
        (memory && option_value_number("--memsize", memory, APPLIANCE_MEMORY_MIN,
                                       APPLIANCE_MEMORY_MAX, &start->memory_mib, err) < 0) ||
        (accel && option_value_accel(accel, &start->accel, err) < 0) ||
        disk_options_check(&disks, err) < 0)
        return -1;
    if (images > start->settings.slots)
        return error_set(err, ERROR_REFUSED, "%u images do not fit into %u slots", images,
                         start->settings.slots);
    return 0;
}

static int open_images(struct new_appliance *start, char **words, error **err)
{
    start->images = words;
    start->chains = calloc(start->image_count + 1, sizeof(struct image_chain *));
    if (!start->chains)
        return error_set(err, ERROR_REFUSED, "out of memory");
    for (unsigned i = 0; i < start->image_count; i++) {
        start->chains[i] = disk_options_open(words[i], &disks, err);
        if (!start->chains[i])
            return -1;
    }
    return 0;
}

/* Until the end of stdin, or a signal. Its number; 0: none. */
static int stay(int signal_fd)
{
    char ignored[4096];
    for (;;) {
        struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {signal_fd, POLLIN, 0}};
        struct signalfd_siginfo info;
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return 0;
        if (fds[1].revents && read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
            return (int)info.ssi_signo;
        if (fds[0].revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0)
            return 0;
    }
}

static int block_signals(sigset_t *old, error **err)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    signal_set_not_ignored(&set, ends, sizeof ends / sizeof *ends);
    sigprocmask(SIG_BLOCK, &set, old);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? error_set_errno(err, ERROR_HOST, errno, "cannot take signals") : fd;
}

/* The end of stdin is the end of the appliance: no process may be left to end it later. The exit
 * status says whether all was written. */
static int end_foreground(appliance_directory *where, const struct sandbox *box, bool signalled)
{
    AUTO_ERROR error *err = NULL;
    AUTO_ERROR error *still = NULL;
    enum shutdown_how how = signalled ? SHUTDOWN_AT_ONCE : SHUTDOWN_WHEN_WRITTEN;
    int locked = appliance_directory_lock(where, &err);
    if (locked > 0) /* another command has shut it down */
        return HOTPLUG_OK;
    if (locked == 0 && shutdown_appliance(where, box, how, &err) == 0)
        return HOTPLUG_OK;
    int code = command_line_failed(appliance_directory_name(where), err);
    if (locked == 0 && !signalled &&
        shutdown_appliance(where, box, SHUTDOWN_AFTER_WHAT_CAN_BE, &still) < 0)
        code = command_line_failed(appliance_directory_name(where), still);
    return code;
}

/* The exit status, or a signal's number in *signalled. */
static int launch(struct new_appliance *start, int signal_fd, int *signalled)
{
    AUTO_ERROR error *err = NULL;
    struct signalfd_siginfo info;
    int session = -1;
    appliance_directory *where = NULL;
    int started = new_appliance_start(start, signal_fd, &where, &err);
    if (started < 0)
        return command_line_failed(NULL, err);
    if (started > 0) {
        *signalled = read(signal_fd, &info, sizeof info) > 0 ? (int)info.ssi_signo : SIGTERM;
        return HOTPLUG_FAILED;
    }
    puts(appliance_directory_name(where));
    int code = HOTPLUG_OK;
    if (foreground) {
        fflush(stdout);
        session = new_appliance_hold(where, &start->box);
        appliance_directory_unlock(where);
        *signalled = stay(signal_fd);
        if (session >= 0)
            close(session);
        code = end_foreground(where, &start->box, *signalled != 0);
    }
    appliance_directory_free(where);
    return code;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    struct new_appliance start = {0};
    unsigned images = 0;
    sigset_t old;
    int signalled = 0, code;
    int parsed = command_line_parse(&launch_command, argc, argv, table, 0, SLOT_COUNT, &words);
    if (parsed >= 0)
        return parsed;
    while (words[images])
        images++;
    if (take_options(&start, images, &err) < 0) {
        message("%s", error_message(err));
        message_try_help(PROGRAM " launch");
        return HOTPLUG_USAGE;
    }
    int signal_fd = block_signals(&old, &err);
    if (signal_fd < 0 || open_images(&start, words, &err) < 0)
        code = command_line_failed(NULL, err);
    else
        code = launch(&start, signal_fd, &signalled);
    new_appliance_clear(&start);
    if (signal_fd >= 0)
        close(signal_fd);
    /* An appliance that has been started stays, and its name is printed: a signal comes too late
     * for it. */
    if (code != HOTPLUG_OK || signalled)
        sigprocmask(SIG_SETMASK, &old, NULL);
    if (signalled)
        stdout_guard_by_signal(signalled);
    return code;
}

const struct command launch_command = {
    "launch", "[OPTION...] [IMAGE...]",
    "Starts an appliance with reserved slots and prints its name. The images are attached at the\n"
    "first slots; /dev/null reserves a slot with an empty drive, which `attach` replaces.",
    run};
