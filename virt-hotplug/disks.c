/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disks.h"

#include "options.h"
#include "remote-uri.h"
#include "slots.h"
#include <string.h>

struct choice {
    enum image_format format;
    unsigned block_size;
    enum backing_policy backing;
};

static int choose_format(const char *word, enum image_format *format, error **err)
{
    const char *words[IMAGE_FORMAT_COUNT - 1];
    unsigned chosen = 0;
    *format = IMAGE_DETECT;
    if (!word)
        return 0;
    for (unsigned i = IMAGE_RAW; i < IMAGE_FORMAT_COUNT; i++)
        words[i - 1] = image_format_name((enum image_format)i);
    if (options_choose("--format", word, words, IMAGE_FORMAT_COUNT - 1, &chosen, err) < 0)
        return -1;
    *format = (enum image_format)(chosen + IMAGE_RAW);
    return 0;
}

static int choose(const struct disk_options *options, struct choice *choice, error **err)
{
    static const char *const sizes[] = {"512", "4096"};
    static const char *const policies[] = {
        [BACKING_DENY] = "deny", [BACKING_SAME_DIR] = "same-dir", [BACKING_ALLOW] = "allow"};
    unsigned size = 0, policy = BACKING_SAME_DIR;
    if (choose_format(options->format, &choice->format, err) < 0 ||
        (options->block_size &&
         options_choose("--blocksize", options->block_size, sizes, 2, &size, err) < 0) ||
        (options->backing &&
         options_choose("--backing", options->backing, policies, 3, &policy, err) < 0))
        return -1;
    choice->block_size = size == 0 ? 512 : 4096;
    choice->backing = (enum backing_policy)policy;
    return 0;
}

int disks_check(const struct disk_options *options, error **err)
{
    struct choice choice;
    return choose(options, &choice, err);
}

unsigned disks_block_size(const struct disk_options *options)
{
    struct choice choice = {0};
    choose(options, &choice, NULL);
    return choice.block_size;
}

struct image_chain *disks_open(const char *image, const struct disk_options *options, error **err)
{
    struct choice choice = {0};
    AUTO_IMAGE_CHAIN struct image_chain *chain = NULL;
    if (choose(options, &choice, err) < 0)
        return NULL;
    if (remote_uri_is(image, strlen(image))) {
        error_set(err, STATUS_REFUSED, "it is a URI: only files can be attached");
        return NULL;
    }
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

void disks_print_device(unsigned slot)
{
    char name[DRIVE_NAME_MAX];
    printf("/dev/%s\n", drive_name(slot, name));
}
