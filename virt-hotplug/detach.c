/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "living.h"

static int force;

static struct poptOption table[] = {
    {"force", 'f', POPT_ARG_NONE, &force, 0,
     "even while something in the appliance uses it: what is not written is lost", NULL},
    COMMON_OPTIONS};

static int detach_one(live *disks, const char *which, error **err)
{
    int slot = live_find(disks, which, err);
    if (slot < 0)
        return -1;
    if (live_detach(disks, (unsigned)slot, force, err) < 0)
        return error_prefix(err, "%s", which);
    return 0;
}

/* One that is held does not keep the others; an appliance that fails does. */
static int detach(const char *name, char **which)
{
    AUTO_ERROR error *err = NULL;
    AUTO_LIVING struct living living = {0};
    int code = HOTPLUG_OK;
    if (living_open_named(name, &living, &err) < 0)
        return command_failed(name, err);
    for (; *which && code != HOTPLUG_NO_APPLIANCE; which++) {
        AUTO_ERROR error *refused = NULL;
        if (detach_one(living.disks, *which, &refused) < 0)
            code = command_failed(name, refused);
    }
    return code;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    int parsed = command_parse(&detach_command, argc, argv, table, 2, SLOT_COUNT + 1, &words);
    return parsed >= 0 ? parsed : detach(words[0], words + 1);
}

const struct command detach_command = {
    "detach", "[OPTION...] NAME SLOT|DEVICE|LABEL...",
    "Detaches disks. When it returns, they are gone from the appliance and what was written is in\n"
    "the images. Refused for a disk that is mounted or held otherwise; the others go.",
    run};
