/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance-connection.h"
#include "command-line.h"

static int force;

static struct poptOption table[] = {
    {"force", 'f', POPT_ARG_NONE, &force, 0,
     "even while something in the appliance uses it: what is not written is lost", NULL},
    COMMAND_LINE_OPTIONS};

static int begin(persistent_slots *disks, const char *which, int *slot, error **err)
{
    *slot = persistent_slots_find(disks, which, err);
    if (*slot < 0)
        return -1;
    if (persistent_slots_detach_begin(disks, (unsigned)*slot, force, err) < 0)
        return error_prefix(err, "%s", which);
    return 0;
}

static int end(persistent_slots *disks, const char *which, int slot, error **err)
{
    return persistent_slots_detach_end(disks, (unsigned)slot, err) < 0
               ? error_prefix(err, "%s", which)
               : 0;
}

/* One that is held does not keep the others; an appliance that fails does. slots[i] is that of
 * which[i], or -1. */
static int detach_all(const char *name, persistent_slots *disks, char **which, int *slots)
{
    int code = HOTPLUG_OK;
    size_t count = 0;
    for (; which[count] && code != HOTPLUG_NO_APPLIANCE; count++) {
        AUTO_ERROR error *err = NULL;
        if (begin(disks, which[count], &slots[count], &err) < 0) {
            slots[count] = -1;
            code = command_line_failed(name, err);
        }
    }
    for (size_t i = 0; i < count && code != HOTPLUG_NO_APPLIANCE; i++) {
        AUTO_ERROR error *err = NULL;
        if (slots[i] >= 0 && end(disks, which[i], slots[i], &err) < 0)
            code = command_line_failed(name, err);
    }
    return code;
}

static int detach(const char *name, char **which)
{
    int slots[SLOT_COUNT];
    AUTO_ERROR error *err = NULL;
    AUTO_APPLIANCE_CONNECTION struct appliance_connection connection = {0};
    if (appliance_connection_open_named(name, &connection, &err) < 0)
        return command_line_failed(name, err);
    return detach_all(name, connection.disks, which, slots);
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    int parsed = command_line_parse(&detach_command, argc, argv, table, 2, SLOT_COUNT + 1, &words);
    return parsed >= 0 ? parsed : detach(words[0], words + 1);
}

const struct command detach_command = {
    "detach", "[OPTION...] NAME SLOT|DEVICE|LABEL...",
    "Detaches disks. When it returns, they are gone from the appliance and what was written is in\n"
    "the images. Refused for a disk that is mounted or held otherwise; the others go.",
    run};
