/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of an image file, read from its first bytes; and its backing chain, opened.
 *
 * Nothing here trusts the file: image_probe() is pure, reads only the bytes it is given and is
 * fuzzed (tests/fuzz); image_chain_open() follows what an image names only as far as the policy
 * lets it. */
#ifndef VLT_IMAGE_PROBE_H
#define VLT_IMAGE_PROBE_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum image_format {
    IMAGE_DETECT = 0, /* look at the header */
    IMAGE_RAW,
    IMAGE_QCOW2,
    IMAGE_QED,
    IMAGE_VMDK,
    IMAGE_VDI,
    IMAGE_VHDX,
    IMAGE_VPC,
    IMAGE_PARALLELS,
    IMAGE_QCOW, /* qcow2's ancestor, version 1 */
    IMAGE_FORMAT_COUNT
};

/* QEMU's name of the block driver ("raw", "qcow2", …), which is also what users type. */
const char *image_format_name(enum image_format format);
/* The format with that name, IMAGE_DETECT where there is none. */
enum image_format image_format_from_name(const char *name);

/* How many bytes image_probe() needs, if the file has as many. The qcow2 header names its backing
 * file within its first cluster, which is at most 2 MiB, but QEMU writes it within 1 KiB of header
 * extensions. */
#define IMAGE_PROBE_BYTES 65536
/* … and of a VHDX: its region table, at 192 KiB, is 64 KiB long. */
#define IMAGE_PROBE_VHDX_BYTES 262144

#define IMAGE_CHAIN_MAX 64 /* files of one disk */

/* Files that may hold the data of one image, beside the image itself: with 2 GiB in each, 126 GiB.
 */
#define IMAGE_EXTENTS_MAX (IMAGE_CHAIN_MAX - 1)

/* A part of a disk that is in a file of its own. */
struct image_extent {
    char *name;
    enum image_format format; /* IMAGE_RAW, or IMAGE_VMDK for a sparse one */
    uint64_t offset;          /* bytes, in a raw one; else 0 */
    uint64_t size;            /* bytes of the disk */
};

struct image_info {
    enum image_format format;
    uint64_t virtual_size; /* bytes; for raw the file's size; 0 where the header does not say:
                              always for vhdx, for a fixed vpc */
    char *backing;         /* as the image names it, never "", or NULL; owned */
    enum image_format backing_format; /* IMAGE_DETECT where the image does not say */
    char *data_file;                  /* qcow2's external data file, or NULL; owned */
    bool encrypted;                   /* LUKS inside of a qcow2: QEMU opens it, with a key */
    struct image_extent *extents;     /* of a vmdk that is a descriptor, in order; owned */
    size_t extent_count;              /* at most IMAGE_EXTENTS_MAX */
};

void image_info_clear(struct image_info *info);

/* Reads a header. `format` IMAGE_DETECT looks for a signature; without one the image is raw. A
 * fixed VPC, whose only signature is at the file's end, is raw too, as in QEMU's own probing: its
 * footer is then an unused last sector. Any other `format` is not questioned, and only its header
 * is read. file_size is the whole file's, in bytes; length is how much of its start was read. 0, or
 * -1 with *info cleared: ERROR_CORRUPT where a header contradicts itself or the file, or claims
 * more than IMAGE_MAX_SIZE; ERROR_UNSUPPORTED for a feature that we do not read, or for data beyond
 * `length`; and, with IMAGE_DETECT only, for what is compressed or an archive, but ERROR_PACKED for
 * one that image-package.h can tell apart and that is unpacked elsewhere. */
int image_probe(const void *header, size_t length, uint64_t file_size, enum image_format format,
                struct image_info *info, error **err);

/* The kernel's and QEMU's off_t end at 8 EiB - 1; scsi disks that large are useless: 4 EiB. */
#define IMAGE_MAX_SIZE ((uint64_t)1 << 62)

/* What may an image name? (--backing) */
enum backing_policy {
    BACKING_DENY, /* nothing */
    /* files below the directory of the image that the user named, no symlinks, which belong to that
     * image's owner or may be read by everybody, as must be the directories on the way; and only
     * where not the image alone says what format it has: its guest may have written that into a raw
     * disk. The user may say it, the image that
     * names it, or its own name ("web.qcow2", "web.qcow2.old"), which a guest does not give */
    BACKING_SAME_DIR,
    BACKING_ALLOW /* any file */
};

enum image_role {
    IMAGE_ROLE_BACKING, /* the image itself, or what backs the last one of this role */
    IMAGE_ROLE_DATA,    /* holds the data of the qcow2 before it */
    IMAGE_ROLE_EXTENT,  /* holds a part of the vmdk before it, the next one of its disk; or of the
                           file of another image, that of a snapshot */
    IMAGE_ROLE_COUNT
};

/* One file of a chain, opened read-only. */
struct image_layer {
    char *path; /* for messages */
    int fd;
    enum image_format format;
    bool block_device; /* QEMU wants another driver for it than for a file */
    bool encrypted;    /* LUKS, inside of a qcow2 or, of a raw one, around the disk */
    enum image_role role;
    uint64_t offset, size; /* of an extent: as image_extent; of any other layer: where it lies in
                              the file, 0: all of it */
};

struct image_chain {
    size_t count; /* ≥ 1; layers[0] is the image itself, but see `overlay` */
    struct image_layer *layers;
    /* Not NULL: layers[0], the only layer, is a stream socket that is connected to an NBD server,
     * on which nothing was sent yet; this is the export to ask for. */
    char *nbd_export;
    /* layers[0] is not the image, but a file of our own in front of it (image-overlay.h). */
    bool overlay;
    uint64_t size; /* bytes that the guest sees; 0: only QEMU can tell (image_info) */
    uid_t uid;     /* owner of layers[0] */
    gid_t gid;
};

/* Opens path and what it names: backing files, a qcow2's data file, a vmdk's extents. It may name
 * nothing but files (image-reference.h), relative to its own directory. O_RDONLY, without touching
 * access times where the kernel lets us, never blocking (a FIFO is refused, not waited for).
 * Regular files and block devices only. block_size is the logical sector, 512 or 4096: the size
 * must be a multiple of it. Kinds of *err: ERROR_UNREADABLE (errno), ERROR_REFUSED (not a file, or
 * the policy), ERROR_CORRUPT, ERROR_EMPTY for a file or a disk of no bytes, ERROR_ENCRYPTED where a
 * key is needed, ERROR_UNSUPPORTED. Messages do not begin with the image's name; they name other
 * files. */
int image_chain_open(const char *path, enum image_format format, unsigned block_size,
                     enum backing_policy policy, struct image_chain **chain, error **err);

/* The files that back an image, named by libvirt and not by the image. So no policy applies to
 * them, and the names in their own headers are ignored. */
struct image_backing {
    size_t count;
    struct image_name {
        char *path;               /* owned */
        enum image_format format; /* IMAGE_DETECT: look */
    } * layers;                   /* the first one backs the image, each next one the one before */
    bool complete; /* nothing backs the last one; else its own header names what does */
};

/* As image_chain_open(), with these backing files; NULL: those that the image names. Encrypted
 * images are opened: image_chain_check_open() refuses them. */
int image_chain_open_on(const char *path, enum image_format format,
                        const struct image_backing *backing, unsigned block_size,
                        enum backing_policy policy, struct image_chain **chain, error **err);

/* 0, or -1 and *err, ERROR_ENCRYPTED, where any of its layers needs a key. */
int image_chain_check_open(const struct image_chain *chain, error **err);

/* Whether another QEMU writes the image now, and its file grows as it does so. Who opens such a
 * file sees no more of it than it had then: QEMU takes what is behind for zeros. */
bool image_chain_grows(const struct image_chain *chain);

/* Appends a layer. 0 or -1 and *err: no memory, or more than a chain may have (ERROR_REFUSED). */
int image_backing_add(struct image_backing *backing, const char *path, enum image_format format,
                      error **err);
void image_backing_free(struct image_backing *backing);

static inline void cleanup_image_backing(struct image_backing **backing)
{
    image_backing_free(*backing);
}
#define AUTO_IMAGE_BACKING CLEANUP(cleanup_image_backing)

/* The disk that /dev/null stands for where a user gives it as an image: IMAGE_NULL_SIZE bytes of
 * zeros. Writes to one that is made writable are lost when it is detached. (image_chain_open()
 * refuses /dev/null as it does any character device.) NULL and *err. */
#define IMAGE_NULL_SIZE ((uint64_t)1 << 20)
struct image_chain *image_chain_null(error **err);

/* Opens the image itself once more, for writing; its backing files stay read-only. An image that
 * keeps its data in other files is refused: a file that an image names is never written. 0; -1 and
 * *err (ERROR_REFUSED). */
int image_chain_make_writable(struct image_chain *chain, error **err);

/* A chain of one layer, a connected NBD socket (nbd_export above), which is taken over. NULL and
 * *err. */
struct image_chain *image_chain_nbd(int fd, const char *path, const char *export_name,
                                    enum image_format format, uint64_t size, error **err);

/* A chain of one layer, a file of which the image is a part: `length` bytes from `offset` on, both
 * multiples of 512, or all of it where length is 0. Takes fd over. NULL and *err: the file has not
 * so many bytes (ERROR_CORRUPT). */
struct image_chain *image_chain_part(int fd, const char *path, enum image_format format,
                                     uint64_t offset, uint64_t length, uint64_t size, error **err);

/* Refuses what cannot be attached: a disk of no bytes, or of less than a sector. 0; -1 and *err. */
int image_check(const struct image_info *info, unsigned block_size, error **err);
/* Bytes of the disk that a guest sees: QEMU fills the last sector of 512 bytes up with zeros, and
 * leaves out what is less than a larger sector. 0: only QEMU can tell. */
uint64_t image_visible_size(const struct image_info *info, unsigned block_size);

void image_chain_free(struct image_chain *chain);

static inline void cleanup_image_chain(struct image_chain **chain)
{
    image_chain_free(*chain);
}
#define AUTO_IMAGE_CHAIN CLEANUP(cleanup_image_chain)

#endif
