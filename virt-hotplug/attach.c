/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance-connection.h"
#include "cli/message.h"
#include "disk-options.h"

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
    COMMAND_LINE_OPTIONS};

/* The arguments that can be judged before anything is opened. */
static int check(unsigned images, error **err)
{
    if (images > 1 && (slot || label))
        return error_set(err, ERROR_REFUSED, "--slot and --label are for one image");
    if (replace && !slot)
        return error_set(err, ERROR_REFUSED, "--replace: say in which --slot");
    if (label && !disk_record_label_valid(label, strlen(label)))
        return error_set(err, ERROR_REFUSED,
                         "--label %s: a label is 1-%d letters, and no disk's name like sdb", label,
                         MAX_SLOT_LABEL);
    return disk_options_check(&options, err);
}

static int attach_one(persistent_slots *disks, const char *image, const struct image_chain *chain,
                      error **err)
{
    struct persistent_slots_request request = {
        .chain = chain,
        .image = image,
        .label = label,
        .block_size = disk_options_block_size(&options),
        .slot = -1,
        .replace = replace,
        .mode = disk_options_mode(&options),
    };
    unsigned where;
    if (slot && (request.slot = persistent_slots_find(disks, slot, err)) < 0)
        return -1;
    if (persistent_slots_attach(disks, &request, &where, err) < 0)
        return error_prefix(err, "%s", image);
    disk_options_print_device(where);
    return 0;
}

/* All images are opened before the rights to do so are given up. The first that cannot be attached
 * ends it; those before it stay. */
static int attach(const char *name, char **images, struct image_chain **chains, unsigned count,
                  error **err)
{
    AUTO_APPLIANCE_CONNECTION struct appliance_connection connection = {0};
    for (unsigned i = 0; i < count; i++)
        if (!(chains[i] = disk_options_open(images[i], &options, err)))
            return -1;
    if (appliance_connection_open_named(name, &connection, err) < 0)
        return error_prefix(err, "%s", name);
    for (unsigned i = 0; i < count; i++)
        if (attach_one(connection.disks, images[i], chains[i], err) < 0)
            return error_prefix(err, "%s", name);
    return 0;
}

static int run(int argc, char **argv)
{
    AUTO_FREE char **words = NULL;
    AUTO_ERROR error *err = NULL;
    struct image_chain *chains[SLOT_COUNT] = {0};
    unsigned count = 0;
    int parsed = command_line_parse(&attach_command, argc, argv, table, 2, SLOT_COUNT + 1, &words);
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
    return result < 0 ? command_line_failed(NULL, err) : HOTPLUG_OK;
}

const struct command attach_command = {"attach", "[OPTION...] NAME IMAGE...",
                                       "Attaches disk images to the appliance, read-only unless "
                                       "--rw or --transient, and\nprints their devices there. "
                                       "The image /dev/null is an empty drive.",
                                       run};
