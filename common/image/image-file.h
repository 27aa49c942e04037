/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a file that may be an image. Private to image*.c. */
#ifndef VLT_IMAGE_FILE_H
#define VLT_IMAGE_FILE_H

#include "image-probe.h"
#include <sys/stat.h>

/* A file on its way to becoming a layer. */
struct image_file {
    const char *path; /* for messages; the caller's */
    int directory;    /* where `name` starts, or AT_FDCWD */
    const char *name; /* the caller's */
    /* An image wrote this name, which has no "." and "..". The image's owner must not learn through
     * us what he may not read himself: no symlinks are followed, and the file and each directory on
     * the way must belong to `owner` or be readable by all. */
    bool beneath;
    uid_t owner;
    int fd;
    struct stat st;
    uint64_t size;
};

/* Follows a name that is `beneath` one directory at a time, and checks each before the next. Checks
 * the file by O_PATH before it opens it, because opening a FIFO or a device has effects, and again
 * afterwards, because it may have changed. Fills fd, st and size. 0; -1 and *err. */
int image_file_open(struct image_file *file, error **err);

/* image_probe() on the file's first bytes. */
int image_file_probe(const struct image_file *file, enum image_format format,
                     struct image_info *info, error **err);

/* Closes it. */
void image_file_clear(struct image_file *file);
#define AUTO_IMAGE_FILE CLEANUP(image_file_clear)

#endif
