/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote-process.h"

#include <inttypes.h>
#include <libnbd.h>
#include <string.h>

static void close_nbd(struct nbd_handle **nbd)
{
    nbd_close(*nbd);
}

/* libnbd's messages begin with the name of its function. */
static int nbd_failed(const char *what, error **err)
{
    const char *why = nbd_get_error();
    const char *colon = why ? strstr(why, ": ") : NULL;
    return error_set(err, ERROR_UNREADABLE, "%s: %s", what,
                     colon ? colon + 2
                     : why ? why
                           : "no reason given");
}

/* A file that an image names is on another host, or another user's. A connection is good for one
 * try, so there is none for a key that may be wrong. */
static int check_content(const struct guest_image *image, const struct image_info *info,
                         error **err)
{
    static const char rule[] = "what a remote image names is not followed";
    bool ended = image->backing && image->backing->complete; /* libvirt: nothing backs it */

    if (info->encrypted)
        return error_set(err, ERROR_ENCRYPTED,
                         "the image is encrypted, and keys are not used for remote images");
    if (info->backing && !ended)
        return error_set(err, ERROR_UNSUPPORTED, "the image names a backing file, \"%s\"; %s",
                         info->backing, rule);
    if (info->data_file)
        return error_set(err, ERROR_UNSUPPORTED, "the image names a data file, \"%s\"; %s",
                         info->data_file, rule);
    if (info->extent_count > 0)
        return error_set(err, ERROR_UNSUPPORTED, "the image names an extent, \"%s\"; %s",
                         info->extents[0].name, rule);
    return 0;
}

static int probe(struct nbd_handle *nbd, const struct guest_image *image, struct image_info *info,
                 error **err)
{
    int64_t size = nbd_get_size(nbd);
    AUTO_FREE void *header = malloc(IMAGE_PROBE_BYTES);

    if (!header)
        return error_no_memory(err);
    if (size < 0)
        return nbd_failed("ask for its size", err);
    if (size == 0)
        return error_set(err, ERROR_EMPTY, "the disk is empty (0 bytes)");
    size_t length = size < IMAGE_PROBE_BYTES ? (size_t)size : IMAGE_PROBE_BYTES;
    if (image->format == IMAGE_RAW)
        length = 0;
    else if (nbd_pread(nbd, header, length, 0, 0) < 0)
        return nbd_failed("read what it begins with", err);
    return image_probe(header, length, (uint64_t)size, image->format, info, err);
}

int remote_probe(struct remote_image *on, enum image_format *format, uint64_t *size, error **err)
{
    const struct guest_image *image = on->image;
    const char *export_name = image->remote->export_name ? image->remote->export_name : "";
    CLEANUP(image_info_clear) struct image_info info = {0};
    CLEANUP(close_nbd) struct nbd_handle *nbd = nbd_create();

    if (!nbd || nbd_set_export_name(nbd, export_name) < 0 ||
        nbd_connect_socket(nbd, steal_fd(&on->looking)) < 0)
        return nbd_failed("speak to its NBD server", err);
    if (probe(nbd, image, &info, err) < 0 ||
        image_check(&info, image->block_size ? image->block_size : 512, err) < 0 ||
        check_content(image, &info, err) < 0)
        return -1;
    *format = info.format;
    *size = image_visible_size(&info, image->block_size ? image->block_size : 512);
    nbd_shutdown(nbd, 0);
    return 0;
}
