/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of other files in an image: which file each means, and whether the policy lets us open
 * it. Private to image*.c. */
#ifndef VLT_IMAGE_REFERENCE_H
#define VLT_IMAGE_REFERENCE_H

#include "image-file.h"

/* Where a file is: its name as seen by us, and, under BACKING_SAME_DIR, as seen from the directory
 * that it must be in. */
struct image_location {
    char *path;
    char *below; /* NULL: unknown, or it is the image itself */
};

void image_location_clear(struct image_location *place);
#define AUTO_IMAGE_PLACE CLEANUP(image_location_clear)

/* What following names needs to know. */
struct image_walk {
    enum backing_policy policy;
    const char *top; /* the image that the user named */
    int directory;   /* the one that top is in, O_PATH; -1 unless the policy is BACKING_SAME_DIR */
    uid_t owner;     /* of top */
};

/* The file that a name means. QEMU's block layer takes a name with a colon before any slash for
 * "protocol:…" (path_has_protocol() in block.c). Of those only two mean a file, and are read here:
 *     file:NAME
 *     json:{"driver": FORMAT, "file": {"driver": "file", "filename": NAME}}
 * the latter also flat ("file.filename"), without the format's level, and without its driver. Any
 * other member changes what is read, and is refused with the rest (nbd:, http:, …). *format is
 * overwritten where the name says one. New memory; NULL and *err: ERROR_UNSUPPORTED. */
char *image_reference_file(const char *name, const char *what, enum image_format *format,
                           error **err);

/* Whether the last word behind a dot in the last component of the path is the format's name, with
 * numbers or a date behind it at most, as in "a.raw.qcow2" and "a.QCOW2-1"; "qcow" will do for
 * "qcow2". "a.qcow2.raw" and "a.qcow2.old" do not say qcow2. */
bool image_reference_says(const char *path, enum image_format format);

/* Finds the file that the image at `from` names, if the policy lets us open it. Fills
 * file->directory, name, beneath, owner and path, which point into *place. `what` is the kind of
 * file: "a backing file". 0; -1 and *err: ERROR_REFUSED, ERROR_UNSUPPORTED. */
int image_reference_locate(const struct image_walk *walk, const struct image_location *from,
                           const char *name, const char *what, enum image_format *format,
                           struct image_location *place, struct image_file *file, error **err);

/* Under BACKING_SAME_DIR opens the directory of walk->top, and *file is top relative to it, so that
 * the directory cannot be exchanged in between. */
int image_reference_locate_top(struct image_walk *walk, struct image_file *file, error **err);

#endif
