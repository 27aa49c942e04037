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
};

/* What was written shall be in the images. */
static int put_disks_away(void *data, error **err)
{
    const struct appliance *self = data;
    AUTO_LIVING struct living living = {0};
    int opened = living_open(self->place, self->box, &living, err);
    if (opened != 0)
        return opened > 0 ? 0 : -1;
    for (unsigned slot = 0; slot < live_kept(living.disks)->slots; slot++) {
        const struct disk_note *note = live_disk(living.disks, slot);
        if (note && note->writable && live_detach(living.disks, slot, false, err) < 0)
            return -1;
    }
    return 0;
}

int shutdown_appliance(place *place, const struct sandbox *box, bool forced, error **err)
{
    AUTO_ERROR error *failed = NULL;
    struct appliance appliance = {place, box};
    /* living_open() enters the sandbox, when it may. */
    struct sandbox ourselves = *box;
    ourselves.drop = false;
    /* An appliance that has ended, or does not answer, has nothing to put away. */
    if (!forced && place_alive(place) &&
        sandboxed(&ourselves, put_disks_away, &appliance, -1, &failed) < 0) {
        if (error_status(failed) == STATUS_REFUSED)
            return error_propagate(err, STEAL(failed));
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
    return place ? shutdown_appliance(place, &box, force, err) : -1;
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
