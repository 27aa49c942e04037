/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disks.h"
#include "living.h"
#include "message.h"

#include <string.h>

static struct disk_options options;
static char *slot, *label;
static int replace;

static struct poptOption table[] = {
    {"slot", 0, POPT_ARG_STRING, &slot, 0,
     "into this slot (default: the lowest that is free, or else that has a null drive)",
     "N|DEVICE"},
    {"label", 0, POPT_ARG_STRING, &label, 0, "also /dev/disk/guestfs/LABEL: 1-20 letters", "LABEL"},
    {"replace", 0, POPT_ARG_NONE, &replace, 0, "detach first what is in that slot", NULL},
    DISK_OPTIONS(options),
    COMMON_OPTIONS};

/* The arguments that can be judged before anything is opened. */
static int check(unsigned images, error **err)
{
    if (images > 1 && (slot || label))
        return error_set(err, STATUS_REFUSED, "--slot and --label are for one image");
    if (replace && !slot)
        return error_set(err, STATUS_REFUSED, "--replace: say in which --slot");
    if (label && !disk_label_valid(label, strlen(label)))
        return error_set(err, STATUS_REFUSED,
                         "--label %s: a label is 1-%d letters, and no disk's name like sdb", label,
                         MAX_SLOT_LABEL);
    return disks_check(&options, err);
}

static int attach_one(live *disks, const char *image, const struct image_chain *chain, error **err)
{
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
    if (slot && (request.slot = live_find(disks, slot, err)) < 0)
        return -1;
    if (live_attach(disks, &request, &where, err) < 0)
        return error_prefix(err, "%s", image);
    disks_print_device(where);
    return 0;
}

/* All images are opened before the rights to do so are given up. The first that cannot be attached
 * ends it; those before it stay. */
static int attach(const char *name, char **images, struct image_chain **chains, unsigned count,
                  error **err)
{
    AUTO_LIVING struct living living = {0};
    for (unsigned i = 0; i < count; i++)
        if (!(chains[i] = disks_open(images[i], &options, err)))
            return -1;
    if (living_open_named(name, &living, err) < 0)
        return error_prefix(err, "%s", name);
    for (unsigned i = 0; i < count; i++)
        if (attach_one(living.disks, images[i], chains[i], err) < 0)
            return error_prefix(err, "%s", name);
    return 0;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    struct image_chain *chains[SLOT_COUNT] = {0};
    unsigned count = 0;
    int parsed = command_parse(&attach_command, argc, argv, table, 2, SLOT_COUNT + 1, &words);
    if (parsed >= 0)
        return parsed;
    while (words[1 + count])
        count++;
    if (check(count, &err) < 0) {
        message("%s", error_message(err));
        message_try_help(PROGRAM " attach");
        return HOTPLUG_USAGE;
    }
    int result = attach(words[0], words + 1, chains, count, &err);
    for (unsigned i = 0; i < count; i++)
        image_chain_free(chains[i]);
    return result < 0 ? command_failed(NULL, err) : HOTPLUG_OK;
}

const struct command attach_command = {"attach", "[OPTION...] NAME IMAGE...",
                                       "Attaches disk images to the appliance, read-only unless "
                                       "--rw, and prints their devices there.\n"
                                       "The image /dev/null is an empty drive.",
                                       run};
