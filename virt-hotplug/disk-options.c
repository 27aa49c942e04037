/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-options.h"

#include "base/drive-name.h"
#include "base/temporary-file.h"
#include "cli/option-values.h"
#include "image/image-overlay.h"
#include "image/remote-uri.h"
#include <string.h>

#define TRANSIENT_MIB 1024
#define TRANSIENT_MIB_MAX (1U << 24) /* 16 TiB, as long as a file of ext4 may be */

struct choice {
    enum image_format format;
    unsigned block_size; /* 0: nothing was said */
    enum backing_policy backing;
    unsigned transient_mib;
};

static int choose(const struct disk_options *options, struct choice *choice, error **err)
{
    *choice = (struct choice){.backing = BACKING_SAME_DIR, .transient_mib = TRANSIENT_MIB};
    if (options->writable && options->transient)
        return error_set(err, ERROR_REFUSED,
                         "--rw and --transient: what is written is either kept or lost");
    if (options->transient_size && !options->transient)
        return error_set(err, ERROR_REFUSED, "--transient-size is for --transient");
    if (options->transient_size &&
        option_value_number("--transient-size", options->transient_size, 1, TRANSIENT_MIB_MAX,
                            &choice->transient_mib, err) < 0)
        return -1;
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

enum disk_mode disk_options_mode(const struct disk_options *options)
{
    if (options->writable)
        return DISK_WRITABLE;
    return options->transient ? DISK_TRANSIENT : DISK_READ_ONLY;
}

unsigned disk_options_block_size(const struct disk_options *options)
{
    struct choice choice;
    return choose(options, &choice, NULL) == 0 && choice.block_size ? choice.block_size : 512;
}

/* In a file and not in memory, which a repair of a large filesystem could use up for all that runs
 * on the host; what it has of it is in the page cache. Made with the rights of the user. */
static int make_transient(struct image_chain *chain, unsigned mib, error **err)
{
    int fd = temporary_file_open();
    if (fd < 0)
        return error_set_errno(err, ERROR_REFUSED, errno,
                               "cannot make a file in %s for what is written to it",
                               temporary_file_directory());
    return image_overlay_add(chain, fd, (uint64_t)mib << 20, err);
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
    if (options->transient && make_transient(chain, choice.transient_mib, err) < 0)
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
