/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "living.h"

static int force;

static struct poptOption table[] = {
    {"force", 'f', POPT_ARG_NONE, &force, 0,
     "even while something in the appliance uses it: what is not written is lost", NULL},
    COMMON_OPTIONS};

static int detach(const char *name, const char *which, error **err)
{
    AUTO_PLACE place *place = NULL;
    AUTO_LIVING struct living living = {0};
    if (living_open_named(name, &place, &living, err) < 0)
        return error_prefix(err, "%s", name);
    int slot = live_find(living.disks, which, err);
    if (slot < 0)
        return error_prefix(err, "%s", name);
    if (live_detach(living.disks, (unsigned)slot, force, err) < 0)
        return error_prefix(err, "%s: %s", name, which);
    return 0;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    int parsed = command_parse(&detach_command, argc, argv, table, 2, 2, &words);
    if (parsed >= 0)
        return parsed;
    return detach(words[0], words[1], &err) < 0 ? command_failed(NULL, err) : HOTPLUG_OK;
}

const struct command detach_command = {
    "detach", "[OPTION...] NAME SLOT|DEVICE|LABEL",
    "Detaches a disk. When it returns, the disk is gone from the appliance and what was\n"
    "written is in the image. Refused while the disk is mounted or held otherwise.",
    run};
