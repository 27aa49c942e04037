/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disks.h"
#include "living.h"
#include "message.h"

#include <string.h>

static struct disk_options options;
static char *slot, *label;
static int replace;

static struct poptOption table[] = {
    {"slot", 0, POPT_ARG_STRING, &slot, 0, "into this slot (default: the lowest that is free or has a null drive)",
     "N|DEVICE"},
    {"label", 0, POPT_ARG_STRING, &label, 0, "also /dev/disk/guestfs/LABEL: 1-20 letters", "LABEL"},
    {"replace", 0, POPT_ARG_NONE, &replace, 0, "detach first what is in that slot", NULL},
    DISK_OPTIONS(options),
    COMMON_OPTIONS};

/* The arguments that can be judged before anything is opened. */
static int check(error **err)
{
    if (replace && !slot)
        return error_set(err, STATUS_REFUSED, "--replace: say in which --slot");
    if (label && !disk_label_valid(label, strlen(label)))
        return error_set(err, STATUS_REFUSED,
                         "--label %s: a label is 1-%d letters, and no disk's name like sdb", label,
                         MAX_SLOT_LABEL);
    return 0;
}

static int attach(const char *name, const char *image, error **err)
{
    AUTO_PLACE place *place = NULL;
    AUTO_LIVING struct living living = {0};
    AUTO_IMAGE_CHAIN struct image_chain *chain = disks_open(image, &options, err);
    struct live_request request = {
        .chain = chain,
        .image = image,
        .label = label,
        .block_size = disks_block_size(&options),
        .slot = -1,
        .replace = replace,
        .writable = options.writable,
    };
    unsigned where;
    if (!chain)
        return error_prefix(err, "%s", image);
    if (living_open_named(name, &place, &living, err) < 0)
        return error_prefix(err, "%s", name);
    if (slot && (request.slot = live_find(living.disks, slot, err)) < 0)
        return error_prefix(err, "%s", name);
    if (live_attach(living.disks, &request, &where, err) < 0)
        return error_prefix(err, "%s: %s", name, image);
    disks_print_device(where);
    return 0;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    int parsed = command_parse(&attach_command, argc, argv, table, 2, 2, &words);
    if (parsed >= 0)
        return parsed;
    if (check(&err) < 0 || disks_check(&options, &err) < 0) {
        message("%s", error_message(err));
        message_try_help(PROGRAM " attach");
        return HOTPLUG_USAGE;
    }
    return attach(words[0], words[1], &err) < 0 ? command_failed(NULL, err) : HOTPLUG_OK;
}

const struct command attach_command = {
    "attach", "[OPTION...] NAME IMAGE",
    "Attaches a disk image to the appliance, read-only unless --rw, and prints its device there.\n"
    "The image /dev/null is an empty drive.",
    run};
