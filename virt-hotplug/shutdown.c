/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shutdown.h"
#include "appliance-connection.h"
#include "cli/message.h"
#include "command-line.h"
#include "sandboxed-work.h"

static int force;

static struct poptOption table[] = {
    {"force", 'f', POPT_ARG_NONE, &force, 0,
     "even while a disk that is attached with --rw is in use: what is not written is lost", NULL},
    COMMAND_LINE_OPTIONS};

struct appliance {
    appliance_directory *directory;
    const struct sandbox *box;
    bool forced;
};

/* What was written shall be in the images. */
static int put_disks_away(void *data, error **err)
{
    const struct appliance *self = data;
    AUTO_APPLIANCE_CONNECTION struct appliance_connection connection = {0};
    int result = appliance_connection_open(self->directory, self->box, &connection, err);
    if (result != 0)
        return result > 0 ? 0 : -1; /* one that has ended has nothing to put away */
    for (unsigned slot = 0; slot < persistent_slots_settings(connection.disks)->slots; slot++) {
        const struct disk_record *record = persistent_slots_disk(connection.disks, slot);
        if (!record || record->mode != DISK_WRITABLE)
            continue;
        if (persistent_slots_detach(connection.disks, slot, self->forced, result < 0 ? NULL : err) <
            0)
            result = -1;
        if (result < 0 && !self->forced)
            break;
    }
    return result;
}

/* Ending it now could lose what was written. */
static int say_it_lives(const appliance_directory *directory, error *why, error **err)
{
    if (error_kind(why) == ERROR_REFUSED)
        return error_propagate(err, why);
    error_set(err, ERROR_REFUSED,
              "%s. It has not been ended; `" PROGRAM
              " shutdown --force %s` does that, and what is not written yet is lost",
              error_message(why), appliance_directory_name(directory));
    error_free(why);
    return -1;
}

int shutdown_appliance(appliance_directory *directory, const struct sandbox *box,
                       enum shutdown_how how, error **err)
{
    AUTO_ERROR error *failed = NULL;
    struct appliance appliance = {directory, box, how != SHUTDOWN_WHEN_WRITTEN};
    /* appliance_connection_open() enters the sandbox, when it may. */
    struct sandbox ourselves = *box;
    ourselves.drop = false;
    if (how != SHUTDOWN_AT_ONCE && appliance_directory_alive(directory) &&
        sandboxed_work_do(&ourselves, put_disks_away, &appliance, &failed) < 0) {
        if (how == SHUTDOWN_WHEN_WRITTEN && appliance_directory_alive(directory))
            return say_it_lives(directory, STEAL(failed), err);
        message("%s: %s", appliance_directory_name(directory), error_message(failed));
    }
    return appliance_connection_end(directory, box, err) < 0
               ? -1
               : appliance_directory_remove(directory, err);
}

static int shut_down(const char *name, error **err)
{
    struct sandbox box;
    if (sandbox_choose(&box, err) < 0)
        return -1;
    AUTO_APPLIANCE_DIRECTORY appliance_directory *directory = appliance_directory_open(name, err);
    enum shutdown_how how = force ? SHUTDOWN_AT_ONCE : SHUTDOWN_WHEN_WRITTEN;
    return directory ? shutdown_appliance(directory, &box, how, err) : -1;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    int parsed = command_line_parse(&shutdown_command, argc, argv, table, 1, 1, &words);
    if (parsed >= 0)
        return parsed;
    return shut_down(words[0], &err) < 0 ? command_line_failed(words[0], err) : HOTPLUG_OK;
}

const struct command shutdown_command = {
    "shutdown", "[OPTION...] NAME",
    "Ends the appliance and removes what belongs to it. Disks that were attached with --rw are\n"
    "detached first: refused while one is in use.",
    run};
