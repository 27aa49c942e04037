/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shutdown.h"
#include "command.h"
#include "living.h"
#include "message.h"
#include "sandboxed.h"

static int force;

static struct poptOption table[] = {
    {"force", 'f', POPT_ARG_NONE, &force, 0,
     "even while a disk that is attached with --rw is in use: what is not written is lost", NULL},
    COMMON_OPTIONS};

struct appliance {
    place *place;
    const struct sandbox *box;
    bool forced;
};

/* What was written shall be in the images. */
static int put_disks_away(void *data, error **err)
{
    const struct appliance *self = data;
    AUTO_LIVING struct living living = {0};
    int result = living_open(self->place, self->box, &living, err);
    if (result != 0)
        return result > 0 ? 0 : -1; /* one that has ended has nothing to put away */
    for (unsigned slot = 0; slot < live_kept(living.disks)->slots; slot++) {
        const struct disk_note *note = live_disk(living.disks, slot);
        if (!note || !note->writable)
            continue;
        if (live_detach(living.disks, slot, self->forced, result < 0 ? NULL : err) < 0)
            result = -1;
        if (result < 0 && !self->forced)
            break;
    }
    return result;
}

/* Ending it now could lose what was written. */
static int say_it_lives(const place *place, error *why, error **err)
{
    if (error_status(why) == STATUS_REFUSED)
        return error_propagate(err, why);
    error_set(err, STATUS_REFUSED,
              "%s. It has not been ended; `" PROGRAM
              " shutdown --force %s` does that, and what is not written yet is lost",
              error_message(why), place_name(place));
    error_free(why);
    return -1;
}

int shutdown_appliance(place *place, const struct sandbox *box, enum shutdown_how how, error **err)
{
    AUTO_ERROR error *failed = NULL;
    struct appliance appliance = {place, box, how != SHUTDOWN_WHEN_WRITTEN};
    /* living_open() enters the sandbox, when it may. */
    struct sandbox ourselves = *box;
    ourselves.drop = false;
    if (how != SHUTDOWN_AT_ONCE && place_alive(place) &&
        sandboxed(&ourselves, put_disks_away, &appliance, -1, &failed) < 0) {
        if (how == SHUTDOWN_WHEN_WRITTEN && place_alive(place))
            return say_it_lives(place, STEAL(failed), err);
        message("%s: %s", place_name(place), error_message(failed));
    }
    return living_end(place, box, err) < 0 ? -1 : place_remove(place, err);
}

static int shut_down(const char *name, error **err)
{
    struct sandbox box;
    if (sandbox_choose(&box, err) < 0)
        return -1;
    AUTO_PLACE place *place = place_open(name, err);
    enum shutdown_how how = force ? SHUTDOWN_AT_ONCE : SHUTDOWN_WHEN_WRITTEN;
    return place ? shutdown_appliance(place, &box, how, err) : -1;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    int parsed = command_parse(&shutdown_command, argc, argv, table, 1, 1, &words);
    if (parsed >= 0)
        return parsed;
    return shut_down(words[0], &err) < 0 ? command_failed(words[0], err) : HOTPLUG_OK;
}

const struct command shutdown_command = {
    "shutdown", "[OPTION...] NAME",
    "Ends the appliance and removes what belongs to it. Disks that were attached with --rw are\n"
    "detached first: refused while one is in use.",
    run};
