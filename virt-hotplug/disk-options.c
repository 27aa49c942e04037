/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-options.h"

#include "base/drive-name.h"
#include "cli/option-values.h"
#include "image/remote-uri.h"
#include <string.h>

struct choice {
    enum image_format format;
    unsigned block_size; /* 0: nothing was said */
    enum backing_policy backing;
};

static int choose(const struct disk_options *options, struct choice *choice, error **err)
{
    *choice = (struct choice){.backing = BACKING_SAME_DIR};
    if (option_value_format(options->format, &choice->format, err) < 0 ||
        option_value_block_size(options->block_size, &choice->block_size, err) < 0)
        return -1;
    return options->backing ? option_value_backing(options->backing, &choice->backing, err) : 0;
}

int disk_options_check(const struct disk_options *options, error **err)
{
    struct choice choice;
    return choose(options, &choice, err);
}

unsigned disk_options_block_size(const struct disk_options *options)
{
    struct choice choice;
    return choose(options, &choice, NULL) == 0 && choice.block_size ? choice.block_size : 512;
}

static struct image_chain *open_file(const char *image, const struct disk_options *options,
                                     error **err)
{
    struct choice choice;
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    if (choose(options, &choice, err) < 0)
        return NULL;
    if (strcmp(image, "/dev/null") == 0)
        chain = image_chain_null(err);
    else
        image_chain_open(image, choice.format, choice.block_size, choice.backing, &chain, err);
    if (!chain)
        return NULL;
    if (options->writable && image_chain_make_writable(chain, err) < 0)
        return NULL;
    return STEAL(chain);
}

struct image_chain *disk_options_open(const char *image, const struct disk_options *options,
                                      error **err)
{
    /* There may be a password in a URI. */
    if (remote_uri_is(image, strlen(image))) {
        error_set(err, ERROR_REFUSED, "%.*s://...: it is a URI: only files can be attached",
                  (int)strcspn(image, ":"), image);
        return NULL;
    }
    struct image_chain *chain = open_file(image, options, err);
    if (!chain)
        error_prefix(err, "%s", image);
    return chain;
}

void disk_options_print_device(unsigned slot)
{
    char name[DRIVE_NAME_MAX];
    printf("/dev/%s\n", drive_name(slot, name));
}
