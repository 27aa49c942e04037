/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest: a name and its images, in the order of its disks. */
#ifndef VLT_GUEST_H
#define VLT_GUEST_H

#include "image.h"

struct guest_image {
    char *path;               /* as the user named it */
    enum image_format format; /* IMAGE_DETECT: look */
    unsigned block_size;      /* logical sector, 512 or 4096; 0: 512 */
};

struct guest {
    uint64_t number; /* in the list, from 0 */
    char *name;      /* basename of the first image and a "+" for each further one */
    size_t image_count;
    struct guest_image *images;
    error
        *refused; /* set where the list's entry is no guest: nothing to scan, this is the answer */
};

/* A guest without images. NULL: no memory. */
struct guest *guest_new(uint64_t number);
/* Appends an image and makes the name anew. 0 or -1 (no memory; more than SLOT_COUNT images). */
int guest_add_image(struct guest *guest, const char *path, size_t path_length,
                    enum image_format format, unsigned block_size, error **err);
void guest_free(struct guest *guest);

static inline void cleanup_guest(struct guest **guest)
{
    guest_free(*guest);
}
#define AUTO_GUEST CLEANUP(cleanup_guest)

#endif
