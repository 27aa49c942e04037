/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What images are stored and passed on in: compressed files, archives, backup formats. */
#ifndef VLT_IMAGE_PACKAGE_H
#define VLT_IMAGE_PACKAGE_H

#include "image-probe.h"

enum image_package {
    IMAGE_PACKAGE_NONE,
    IMAGE_PACKAGE_GZIP, /* these are unpacked by a program (remote-unpack.c) */
    IMAGE_PACKAGE_XZ,
    IMAGE_PACKAGE_ZSTD,
    IMAGE_PACKAGE_BZIP2,
    IMAGE_PACKAGE_TAR, /* an image in it is read where it lies (image-tar.h) */
    IMAGE_PACKAGE_OTHER
};

/* By the first bytes; a disk without such a signature is NONE. */
enum image_package image_package_detect(const void *header, size_t length);

/* "compressed by gzip" */
const char *image_package_describe(const void *header, size_t length);

/* Opens the file as image_chain_open() does its first one, and looks at its first bytes. The
 * descriptor, the file's size in bytes, and what it is; -1 and *err. */
int image_package_open(const char *path, uint64_t *size, enum image_package *package, error **err);

struct header;
/* 0: it is none. -1 and *err: ERROR_PACKED for what we unpack, where that can be done;
 * ERROR_UNSUPPORTED for another one. The message says how the user unpacks it. */
int image_package_refuse(const struct header *header, error **err);

#endif
