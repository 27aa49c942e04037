/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image and what it names, file after file. */
#define _GNU_SOURCE 1 /* memfd_create, F_OFD_GETLK */
#include "image-reference.h"
#include "image-split.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

/* block/file-posix.c, RAW_LOCK_PERM_BASE; include/block/block-common.h, BLK_PERM_WRITE. Who may
 * write an image has a lock on this byte of its file. */
#define WRITE_LOCK (100 + 1)

/* QEMU counts in these. */
#define SECTOR 512

/* A chain as it is being made. */
struct making {
    struct image_walk walk;
    struct image_chain *chain;
    bool below_top;             /* the last layer is not the image itself */
    bool split;                 /* its parts are pieces, of which it is the first itself */
    bool doubtful;              /* only the last layer's own header gives its format */
    struct image_location last; /* the last layer but for its parts: names are relative to it */
    struct image_info info;     /* of that layer */
};

static void making_clear(struct making *making)
{
    cleanup_fd(&making->walk.directory);
    image_location_clear(&making->last);
    image_info_clear(&making->info);
}

static bool has_backing(enum image_format format)
{
    return format == IMAGE_QCOW2 || format == IMAGE_QED || format == IMAGE_QCOW;
}

/* What an image is made of must be what we can hand to QEMU, descriptor by descriptor. */
static int check_content(const struct image_info *info, error **err)
{
    if (info->backing && !has_backing(info->format))
        return error_set(err, ERROR_UNSUPPORTED,
                         "a differencing %s image: its parent, \"%s\", is not followed",
                         image_format_name(info->format), info->backing);
    return 0;
}

int image_check(const struct image_info *info, unsigned block_size, error **err)
{
    /* These two do not always say their size (image-probe.h). */
    bool known = info->format != IMAGE_VHDX && info->format != IMAGE_VPC;

    if (check_content(info, err) < 0)
        return -1;
    if (info->virtual_size == 0 && known)
        return error_set(err, ERROR_EMPTY, "the disk is empty (0 bytes)");
    if (image_visible_size(info, block_size) == 0 && info->virtual_size > 0)
        return error_set(err, ERROR_REFUSED, "size %" PRIu64 " is less than a sector, of %u bytes",
                         info->virtual_size, block_size);
    return 0;
}

uint64_t image_visible_size(const struct image_info *info, unsigned block_size)
{
    uint64_t filled = (info->virtual_size + SECTOR - 1) / SECTOR * SECTOR;
    return filled / block_size * block_size;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
        return a->st_rdev == b->st_rdev;
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Several extents may be in one file. */
static int check_loop(const struct image_chain *chain, const struct image_file *file,
                      enum image_role role, error **err)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct stat st;
        if (role == IMAGE_ROLE_EXTENT && chain->layers[i].role == role)
            continue;
        if (fstat(chain->layers[i].fd, &st) == 0 && same_file(&st, &file->st))
            return error_set(err, ERROR_CORRUPT,
                             role == IMAGE_ROLE_BACKING ? "the chain of backing files is a loop"
                                                        : "the image names itself");
    }
    return 0;
}

bool image_chain_grows(const struct image_chain *chain)
{
    const struct image_layer *top = &chain->layers[0];
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WRITE_LOCK, .l_len = 1};

    return top->format != IMAGE_RAW && !chain->nbd_export &&
           fcntl(top->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int image_chain_check_open(const struct image_chain *chain, error **err)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->layers[i].encrypted)
            return error_set(err, ERROR_ENCRYPTED, "the %s image is encrypted",
                             image_format_name(chain->layers[i].format));
    return 0;
}

/* Takes the file's descriptor over. NULL and *err. */
static struct image_layer *append_layer(struct image_chain *chain, struct image_file *file,
                                        enum image_format format, error **err)
{
    struct image_layer *layers =
        reallocarray(chain->layers, chain->count + 1, sizeof *chain->layers);
    if (layers)
        chain->layers = layers;
    char *path = layers ? strdup(file->path) : NULL;
    if (!path) {
        error_no_memory(err);
        return NULL;
    }
    layers[chain->count] = (struct image_layer){
        .path = path,
        .fd = steal_fd(&file->fd),
        .format = format,
        .block_device = S_ISBLK(file->st.st_mode),
    };
    return &layers[chain->count++];
}

/* Opens the file and makes it the chain's next layer. */
static int add_layer(struct making *making, struct image_file *file, enum image_format format,
                     error **err)
{
    struct image_chain *chain = making->chain;
    struct image_info *info = &making->info;

    if (image_file_open(file, err) < 0 || check_loop(chain, file, IMAGE_ROLE_BACKING, err) < 0)
        return -1;
    if (chain->count == 0 && file->size == 0)
        return error_set(err, ERROR_EMPTY, "the file is empty (0 bytes)");
    if (image_file_probe(file, format, info, err) < 0 || check_content(info, err) < 0)
        return -1;
    struct image_layer *layer = append_layer(chain, file, info->format, err);
    if (!layer)
        return -1;
    layer->encrypted = info->encrypted;
    making->doubtful = format == IMAGE_DETECT && !image_reference_says(file->path, info->format);
    return 0;
}

/* Is there room for one more file? */
static int check_room(const struct image_chain *chain, error **err)
{
    if (chain->count < IMAGE_CHAIN_MAX)
        return 0;
    return error_set(err, ERROR_REFUSED, "it and what it names are more than %d files",
                     IMAGE_CHAIN_MAX);
}

/* A name in a layer below the topmost is that layer's fault. */
static int blame_namer(const struct making *making, error **err)
{
    return making->below_top ? error_prefix(err, "backing file %s", making->last.path) : -1;
}

/* A guest that wrote a header into its raw disk must not choose what we open. */
static int check_doubt(const struct making *making, const char *name, const char *what,
                       enum image_format format, error **err)
{
    if (!making->doubtful || making->walk.policy != BACKING_SAME_DIR)
        return 0;
    const char *word = image_format_name(format);
    return error_set(err, ERROR_REFUSED,
                     "the image names %s, \"%s\", but neither its own name nor the user says that "
                     "it is %s, and its guest may have written that; %s%s%s--backing=allow would "
                     "follow it",
                     what, name, word,
                     making->below_top ? "" : "--format=", making->below_top ? "" : word,
                     making->below_top ? "" : " or ");
}

/* --- parts: files that the last layer keeps its data in --- */

static int check_extent(const struct image_file *file, const struct image_extent *extent,
                        error **err)
{
    CLEANUP(image_info_clear) struct image_info info = {0};

    /* QEMU would have to be told in the descriptor, where there is no word for it. */
    if (S_ISBLK(file->st.st_mode))
        return error_set(err, ERROR_UNSUPPORTED, "an extent that is a block device");
    if (extent->format == IMAGE_RAW) {
        if (extent->offset > file->size || extent->size > file->size - extent->offset)
            return error_set(err, ERROR_CORRUPT,
                             "truncated: the descriptor claims %" PRIu64 " bytes from %" PRIu64
                             " on, the file has %" PRIu64,
                             extent->size, extent->offset, file->size);
        return 0;
    }
    if (image_file_probe(file, extent->format, &info, err) < 0)
        return -1;
    if (info.extent_count > 0 || info.backing)
        return error_set(err, ERROR_CORRUPT, "an extent that is itself a descriptor");
    if (info.virtual_size != extent->size)
        return error_set(err, ERROR_CORRUPT,
                         "it holds %" PRIu64 " bytes, the descriptor claims %" PRIu64,
                         info.virtual_size, extent->size);
    return 0;
}

/* `extent` is NULL for a data file. */
static int add_part(struct making *making, const char *name, const struct image_extent *extent,
                    error **err)
{
    const char *what = making->split ? "a piece" : extent ? "an extent" : "a data file";
    enum image_role role = extent ? IMAGE_ROLE_EXTENT : IMAGE_ROLE_DATA;
    enum image_format format = IMAGE_DETECT;
    AUTO_IMAGE_PLACE struct image_location place = {0};
    AUTO_IMAGE_FILE struct image_file file = {.fd = -1};

    if (check_room(making->chain, err) < 0 ||
        image_reference_locate(&making->walk, &making->last, name, what, &format, &place, &file,
                               err) < 0 ||
        check_doubt(making, name, what, making->info.format, err) < 0)
        return blame_namer(making, err);
    if (image_file_open(&file, err) < 0 ||
        (!making->split && check_loop(making->chain, &file, role, err) < 0) ||
        (extent && check_extent(&file, extent, err) < 0))
        return error_prefix(err, "%s %s", what + strcspn(what, " ") + 1, place.path);
    if (format != IMAGE_DETECT && format != IMAGE_RAW)
        return error_set(err, ERROR_UNSUPPORTED, "the image names %s, \"%s\", that is not raw",
                         what, name);

    struct image_layer *layer =
        append_layer(making->chain, &file, extent ? extent->format : IMAGE_RAW, err);
    if (!layer)
        return -1;
    layer->role = role;
    if (extent) {
        layer->offset = extent->offset;
        layer->size = extent->size;
    }
    return 0;
}

static int add_parts(struct making *making, error **err)
{
    const struct image_info *info = &making->info;

    if (info->data_file && add_part(making, info->data_file, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < info->extent_count; i++)
        if (add_part(making, info->extents[i].name, &info->extents[i], err) < 0)
            return -1;
    return 0;
}

/* The image may be in pieces, of which the user named the first. Where the user named the format it
 * is not. */
static int take_pieces(struct making *making, const struct image_file *first, error **err)
{
    int found = image_split_find(first, &making->info, err);

    if (found <= 0)
        return found;
    if (making->walk.policy == BACKING_DENY)
        return error_set(err, ERROR_REFUSED,
                         "it is the first of %zu pieces of an image, and --backing=deny does not "
                         "let the others be read; --format=raw reads it alone",
                         making->info.extent_count);
    making->split = true;
    making->doubtful = false;
    making->chain->layers[0].format = making->info.format;
    return 0;
}

/* --- layers --- */

/* Symlinks are followed: the user named it. */
static int add_top(struct making *making, enum image_format format, error **err)
{
    AUTO_IMAGE_FILE struct image_file file = {.fd = -1};

    if (image_reference_locate_top(&making->walk, &file, err) < 0 ||
        add_layer(making, &file, format, err) < 0)
        return -1;
    if (format == IMAGE_DETECT && making->info.format == IMAGE_RAW && making->chain->count == 1 &&
        take_pieces(making, &file, err) < 0)
        return -1;
    making->last.path = strdup(making->walk.top);
    if (!making->last.path)
        return error_no_memory(err);
    making->walk.owner = file.st.st_uid;
    if (making->chain->count == 1) {
        making->chain->uid = file.st.st_uid;
        making->chain->gid = file.st.st_gid;
    } else {
        making->below_top = true;
    }
    return 0;
}

/* Adds the layer that the last one names, and is then the last one. */
static int add_backing(struct making *making, error **err)
{
    AUTO_FREE char *name = STEAL(making->info.backing);
    enum image_format format = making->info.backing_format, own = making->info.format;
    AUTO_IMAGE_PLACE struct image_location place = {0};
    AUTO_IMAGE_FILE struct image_file file = {.fd = -1};

    image_info_clear(&making->info);
    if (check_room(making->chain, err) < 0 ||
        image_reference_locate(&making->walk, &making->last, name, "a backing file", &format,
                               &place, &file, err) < 0 ||
        check_doubt(making, name, "a backing file", own, err) < 0)
        return blame_namer(making, err);
    if (add_layer(making, &file, format, err) < 0)
        return error_prefix(err, "backing file %s", place.path);
    image_location_clear(&making->last);
    making->last = place;
    making->below_top = true;
    place = (struct image_location){0};
    return 0;
}

/* Adds the layers that were named for the image. Each is one that the user named, as it were: what
 * it names itself is looked for from its own directory. */
static int add_named(struct making *making, const struct image_backing *backing, error **err)
{
    for (size_t i = 0; i < backing->count; i++) {
        const struct image_name *named = &backing->layers[i];

        if (!has_backing(making->info.format))
            return error_set(err, ERROR_REFUSED, "a %s image cannot have a backing file, %s",
                             image_format_name(making->info.format), named->path);
        making_clear(making);
        making->walk.directory = -1;
        making->walk.top = named->path;
        if (check_room(making->chain, err) < 0 || add_top(making, named->format, err) < 0)
            return error_prefix(err, "backing file %s", named->path);
        if (add_parts(making, err) < 0)
            return -1;
    }
    if (backing->complete)
        free(STEAL(making->info.backing));
    return 0;
}

int image_chain_open(const char *path, enum image_format format, unsigned block_size,
                     enum backing_policy policy, struct image_chain **chain, error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *made = NULL;

    if (image_chain_open_on(path, format, NULL, block_size, policy, &made, err) < 0 ||
        image_chain_check_open(made, err) < 0)
        return -1;
    *chain = STEAL(made);
    return 0;
}

int image_chain_open_on(const char *path, enum image_format format,
                        const struct image_backing *backing, unsigned block_size,
                        enum backing_policy policy, struct image_chain **chain, error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *made = calloc(1, sizeof *made);
    CLEANUP(making_clear)
    struct making making = {
        .walk = {.policy = policy, .top = path, .directory = -1},
        .chain = made,
    };

    if (!made)
        return error_no_memory(err);
    if (add_top(&making, format, err) < 0 ||
        image_check(&making.info, block_size ? block_size : SECTOR, err) < 0)
        return -1;
    made->size = image_visible_size(&making.info, block_size ? block_size : SECTOR);
    if (add_parts(&making, err) < 0 || (backing && add_named(&making, backing, err) < 0))
        return -1;
    while (making.info.backing)
        if (add_backing(&making, err) < 0 || add_parts(&making, err) < 0)
            return -1;
    *chain = STEAL(made);
    return 0;
}

/* A file in memory of that very size; its pages are a hole. Its descriptor is read-only, as QEMU
 * wants it for a disk that is. -1 and errno. */
static int open_zeros(uint64_t size)
{
    char path[64];
    AUTO_FD int fd = memfd_create("null", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

struct image_chain *image_chain_null(error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = calloc(1, sizeof *chain);
    AUTO_IMAGE_FILE struct image_file file = {.path = "/dev/null"};
    file.fd = open_zeros(IMAGE_NULL_SIZE);
    if (!chain) {
        error_no_memory(err);
        return NULL;
    }
    if (file.fd < 0 || fstat(file.fd, &file.st) < 0) {
        error_set_errno(err, ERROR_UNREADABLE, errno, "cannot make an empty disk");
        return NULL;
    }
    if (!append_layer(chain, &file, IMAGE_RAW, err))
        return NULL;
    chain->size = IMAGE_NULL_SIZE;
    chain->uid = file.st.st_uid;
    chain->gid = file.st.st_gid;
    return STEAL(chain);
}

struct image_chain *image_chain_nbd(int fd, const char *path, const char *export_name,
                                    enum image_format format, uint64_t size, error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = calloc(1, sizeof *chain);
    AUTO_IMAGE_FILE struct image_file file = {.path = path, .fd = fd};

    if (chain)
        chain->nbd_export = strdup(export_name);
    if (!chain || !chain->nbd_export) {
        error_no_memory(err);
        return NULL;
    }
    if (!append_layer(chain, &file, format, err))
        return NULL;
    chain->size = size;
    return STEAL(chain);
}

struct image_chain *image_chain_part(int fd, const char *path, enum image_format format,
                                     uint64_t offset, uint64_t length, uint64_t size, error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *chain = calloc(1, sizeof *chain);
    AUTO_IMAGE_FILE struct image_file file = {.path = path, .fd = fd};

    if (!chain) {
        error_no_memory(err);
        return NULL;
    }
    if (fstat(fd, &file.st) < 0) {
        error_set_errno(err, ERROR_UNREADABLE, errno, "cannot be looked at");
        return NULL;
    }
    uint64_t end = (uint64_t)file.st.st_size;
    if (!S_ISREG(file.st.st_mode) || offset % SECTOR != 0 || length % SECTOR != 0 || offset > end ||
        length > end - offset) {
        error_set(err, ERROR_CORRUPT, "it is not a part of the file");
        return NULL;
    }
    struct image_layer *layer = append_layer(chain, &file, format, err);
    if (!layer)
        return NULL;
    layer->offset = offset;
    layer->size = length;
    chain->size = size;
    chain->uid = file.st.st_uid;
    chain->gid = file.st.st_gid;
    return STEAL(chain);
}

int image_chain_make_writable(struct image_chain *chain, error **err)
{
    char path[64];
    struct stat st;
    if (chain->layers[0].format == IMAGE_RAW && fstat(chain->layers[0].fd, &st) == 0 &&
        S_ISREG(st.st_mode) && st.st_size % SECTOR != 0)
        return error_set(err, ERROR_REFUSED,
                         "cannot be opened for writing: its size, %lld, is not a multiple of the "
                         "sector size, %d bytes",
                         (long long)st.st_size, SECTOR);
    if (chain->count > 1 && chain->layers[1].role != IMAGE_ROLE_BACKING)
        return error_set(err, ERROR_REFUSED,
                         "cannot be opened for writing: it keeps its data in another file, %s",
                         chain->layers[1].path);
    /* The very file that was examined, whatever stands at its name now. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", chain->layers[0].fd);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot be opened for writing");
    close(chain->layers[0].fd);
    chain->layers[0].fd = fd;
    return 0;
}

void image_chain_free(struct image_chain *chain)
{
    if (!chain)
        return;
    for (size_t i = 0; i < chain->count; i++) {
        close(chain->layers[i].fd);
        free(chain->layers[i].path);
    }
    free(chain->layers);
    free(chain->nbd_export);
    free(chain);
}
