/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest: a name and its images, in the order of its disks. A guest made of files is named after
 * its first image, a libvirt guest has its own name. */
#ifndef VLT_GUEST_H
#define VLT_GUEST_H

#include "image/image-probe.h"
#include "image/remote-uri.h"
#include "wire/protocol.h"

/* What libvirt knows of an image's encryption: LUKS, which for a raw image encloses the whole disk.
 */
struct guest_encryption {
    char *passphrase; /* secret (secret.h), owned; NULL: libvirt does not give it */
    size_t length;
    char *missing; /* … and this is why; owned */
};

void guest_encryption_free(struct guest_encryption *encryption); /* NULL is fine */

static inline void cleanup_guest_encryption(struct guest_encryption **encryption)
{
    guest_encryption_free(*encryption);
}
#define AUTO_GUEST_ENCRYPTION CLEANUP(cleanup_guest_encryption)

struct guest_image {
    char *path;                /* as the user named it, or libvirt; of a URI what may be printed */
    struct remote_uri *remote; /* where it is if it is not a file here; NULL: it is; owned */
    bool packed; /* it has to be unpacked first (ERROR_PACKED was said), which takes a process, too
                  */
    enum image_format format;            /* IMAGE_DETECT: look */
    unsigned block_size;                 /* logical sector, 512 or 4096; 0: 512 */
    struct image_backing *backing;       /* what libvirt says; NULL: what the image says; owned */
    struct guest_encryption *encryption; /* NULL: libvirt says nothing; owned */
    char *target;  /* its name in a libvirt guest that may write it ("vda"); NULL; owned */
    bool optional; /* libvirt starts the guest without it where it is missing */
};

struct guest {
    uint64_t number; /* in the list, from 0 */
    /* Basename of the first image and a "+" for each further one, or what guest_set_name() said. */
    char *name;
    bool named;  /* guest_set_name() did */
    bool sought; /* it is to be looked up in libvirt by its name; it has no images yet */
    char uuid[GUEST_UUID + 1]; /* of a libvirt guest, as text; "" */
    bool live;                 /* its disks that have a target are read from a backup (backup.h) */
    size_t image_count;
    struct guest_image *images;
    key_list keys; /* its own, beside the run's (keys.h) */
    error
        *refused; /* set where the list's entry is no guest: nothing to scan, this is the answer */
};

/* A guest without images. NULL: no memory. */
struct guest *guest_new(uint64_t number);
/* Appends an image, a file or a URI (remote-uri.h), and makes the name anew. 0 or -1: no memory;
 * more than SLOT_COUNT images; a URI that we cannot read. */
int guest_add_image(struct guest *guest, const char *path, size_t path_length,
                    enum image_format format, unsigned block_size, error **err);
/* Takes one away: those behind it move up, as a guest's disks do. */
void guest_drop_image(struct guest *guest, size_t index);
/* Sets its name; images that are added later do not change it. 0 or -1: no memory. */
int guest_set_name(struct guest *guest, const char *name, error **err);
/* Makes its disks that have a target be read from a backup: their `remote` names the target as
 * export, and has no socket yet. 0 or -1: no memory. */
int guest_set_live(struct guest *guest, error **err);
/* Opens an image of it, as image_chain_open_on(); of a qcow2 perhaps as of a snapshot (NULL: as it
 * is). One that is packed has none. */
int guest_image_open(const struct guest_image *image, enum backing_policy policy,
                     const char *snapshot, struct image_chain **chain, error **err);
/* As image_chain_check_open(), with the key that libvirt has given. */
int guest_image_check_open(const struct guest_image *image, const struct image_chain *chain,
                           error **err);
void guest_free(struct guest *guest);
/* Whether the image comes from a process (remote.h): it is a URI, or packed. And whether any of the
 * guest's does. */
bool guest_image_is_far(const struct guest_image *image);
bool guest_is_far(const struct guest *guest);

static inline void cleanup_guest(struct guest **guest)
{
    guest_free(*guest);
}
#define AUTO_GUEST CLEANUP(cleanup_guest)

#endif
