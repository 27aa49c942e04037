/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote-process.h"

#include "image/image-package.h"
#include "image/image-tar.h"
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
    const char *kind = image->packed ? "packed" : "remote";
    bool ended = image->backing && image->backing->complete; /* libvirt: nothing backs it */
    const char *what = info->backing && !ended ? "a backing file"
                       : info->data_file       ? "a data file"
                                               : "an extent";
    const char *name = info->backing && !ended  ? info->backing
                       : info->data_file        ? info->data_file
                       : info->extent_count > 0 ? info->extents[0].name
                                                : NULL;

    if (info->encrypted)
        return error_set(err, ERROR_ENCRYPTED,
                         "the image is encrypted, and keys are not used for %s images", kind);
    if (name)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the image names %s, \"%s\"; what a %s image names is not followed", what,
                         name, kind);
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
    if (image_probe(header, length, (uint64_t)size, image->format, info, err) < 0)
        return -1;
    /* Here QEMU cannot be told to take the footer's (qmp_blockdev_wants_option()). */
    if (info->format == IMAGE_VPC)
        info->virtual_size = 0;
    return 0;
}

/* What has been read of it can be attached. */
static int report_image(const struct guest_image *image, const struct image_info *info,
                        remote_report *report, error **err)
{
    unsigned block_size = image->block_size ? image->block_size : 512;

    if (image_check(info, block_size, err) < 0 || check_content(image, info, err) < 0)
        return -1;
    report->format = (int)info->format;
    report->size = image_visible_size(info, block_size);
    return 0;
}

int remote_probe(struct remote_image *on, remote_report *report, error **err)
{
    const struct guest_image *image = on->image;
    const char *export_name = image->remote->export_name ? image->remote->export_name : "";
    CLEANUP(image_info_clear) struct image_info info = {0};
    CLEANUP(close_nbd) struct nbd_handle *nbd = nbd_create();

    if (!nbd || nbd_set_export_name(nbd, export_name) < 0 ||
        nbd_connect_socket(nbd, steal_fd(&on->looking)) < 0)
        return nbd_failed("speak to its NBD server", err);
    if (probe(nbd, image, &info, err) < 0 || report_image(image, &info, report, err) < 0)
        return -1;
    nbd_shutdown(nbd, 0);
    return 0;
}

/* --- a file --- */

/* The part of the file that is the image. QEMU counts in blocks of 512 bytes, and so does an
 * archive. */
static int find_part(int fd, const void *first, size_t length, remote_report *report,
                     uint64_t *size, error **err)
{
    struct image_tar_disk disk = {0};

    if (image_package_detect(first, length) != IMAGE_PACKAGE_TAR)
        return 0;
    if (image_tar_find(fd, *size, &disk, err) < 0)
        return -1;
    uint64_t filled = (disk.size + 511) / 512 * 512;
    report->offset = disk.offset;
    report->length = filled <= *size - disk.offset ? filled : disk.size / 512 * 512;
    *size = disk.size;
    return 0;
}

int remote_probe_file(struct remote_image *on, remote_report *report, error **err)
{
    CLEANUP(image_info_clear) struct image_info info = {0};
    AUTO_FREE void *header = malloc(IMAGE_PROBE_VHDX_BYTES);
    off_t end = lseek(on->looking, 0, SEEK_END);
    uint64_t size = end > 0 ? (uint64_t)end : 0;

    if (!header)
        return error_no_memory(err);
    ssize_t got = pread(on->looking, header, IMAGE_PROBE_VHDX_BYTES, 0);
    if (got < 0 || end < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "cannot be read");
    if (size == 0)
        return error_set(err, ERROR_EMPTY, "the disk in it is empty (0 bytes)");
    if (find_part(on->looking, header, (size_t)got, report, &size, err) < 0)
        return -1;
    if (report->length > 0)
        got = pread(on->looking, header,
                    size < IMAGE_PROBE_VHDX_BYTES ? (size_t)size : IMAGE_PROBE_VHDX_BYTES,
                    (off_t)report->offset);
    if (got < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "cannot be read");
    if (image_probe(header, (size_t)got, size, IMAGE_DETECT, &info, err) < 0)
        return error_prefix(err, "what is in it");
    return report_image(on->image, &info, report, err);
}
