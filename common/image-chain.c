/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens an image and what it names. Each file is looked at (O_PATH) before it is opened, because
 * opening a FIFO or a device already does something; and again after, because it may have changed.
 */
#define _GNU_SOURCE 1 /* O_PATH, O_NOATIME, asprintf */
#include "image.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A file on its way to becoming a layer. */
struct file {
    const char *path; /* for messages */
    int directory;    /* where `name` starts, or AT_FDCWD */
    const char *name;
    bool beneath; /* the name must not lead out of the directory, nor through a symlink */
    int fd;
    struct stat st;
    uint64_t size;
};

/* What following a chain needs to know. */
struct walk {
    enum backing_policy policy;
    const char *top; /* the image that the user named */
    int directory;   /* the one that top is in, O_PATH; -1 unless the policy is BACKING_SAME_DIR */
    uid_t owner;     /* of top */
    char *below;     /* BACKING_SAME_DIR: the last layer's path from there; NULL: it is top */
    struct image_chain *chain;
};

static void walk_clear(struct walk *walk)
{
    cleanup_fd(&walk->directory);
    free(walk->below);
}

static void file_clear(struct file *file)
{
    cleanup_fd(&file->fd);
}

static int no_memory(error **err)
{
    return error_set(err, STATUS_CRASHED, "out of memory");
}

/* Of the directory part of a path, with its last slash: 0 for a name alone. */
static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* `name` as seen from the directory that the file `path` is in. NULL: no memory. */
static char *beside(const char *path, const char *name)
{
    size_t directory = name[0] == '/' ? 0 : directory_length(path);
    size_t length = strlen(name) + 1;
    char *joined = malloc(directory + length);

    if (joined) {
        memcpy(joined, path, directory);
        memcpy(joined + directory, name, length);
    }
    return joined;
}

/* Lists are made by hand, and on Windows: white space that nobody sees is worth naming. */
static const char *white_space_hint(const char *path)
{
    size_t length = strlen(path);
    char last = length ? path[length - 1] : '\0';

    if (last == '\r')
        return " (the name ends with a carriage return)";
    if (last == ' ')
        return " (the name ends with a space)";
    if (last == '\t' || last == '\n')
        return " (the name ends with white space)";
    if (path[0] == ' ')
        return " (the name starts with a space)";
    if (path[0] == '\t' || path[0] == '\r' || path[0] == '\n')
        return " (the name starts with white space)";
    return "";
}

static int open_failed(const struct file *file, int errnum, error **err)
{
    if (file->beneath && errnum == EXDEV)
        return error_set(err, STATUS_REFUSED,
                         "it is outside the image's directory; --backing=allow would follow it");
    if (file->beneath && errnum == ELOOP)
        return error_set(err, STATUS_REFUSED,
                         "there is a symbolic link in its path; --backing=allow would follow it");
    return error_set_errno(err, STATUS_UNREADABLE, errnum, "open %s%s", file->path,
                           errnum == ENOENT ? white_space_hint(file->path) : "");
}

static int open_once(const struct file *file, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    if (!file->beneath)
        return openat(file->directory, file->name, flags);
    return (int)syscall(SYS_openat2, file->directory, file->name, &how, sizeof how);
}

/* openat2 says EAGAIN where something was renamed while it resolved "..": so this may be provoked,
 * and is not tried for ever. */
static int open_file(const struct file *file, int flags)
{
    int fd = -1;

    for (int tries = 0; tries < 16 && fd < 0; tries++) {
        fd = open_once(file, flags | O_CLOEXEC);
        if (fd < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    return fd;
}

/* O_NOATIME is for the file's owner and CAP_FOWNER only; for others it is EPERM. */
static int open_to_read(const struct file *file)
{
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    int fd = open_file(file, flags | O_NOATIME);

    return fd < 0 && errno == EPERM ? open_file(file, flags) : fd;
}

static int check_kind(const struct stat *st, error **err)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFBLK:
        return 0;
    case S_IFDIR:
        return error_set(err, STATUS_REFUSED, "it is a directory, not an image");
    case S_IFIFO:
        return error_set(err, STATUS_REFUSED, "it is a FIFO, not an image");
    case S_IFSOCK:
        return error_set(err, STATUS_REFUSED, "it is a socket, not an image");
    case S_IFCHR:
        return error_set(err, STATUS_REFUSED, "it is a character device, not an image");
    default:
        return error_set(err, STATUS_REFUSED, "it is no regular file and no block device");
    }
}

static int file_look(const struct file *file, error **err)
{
    struct stat st;
    AUTO_FD int fd = open_file(file, O_PATH);

    if (fd < 0 || fstat(fd, &st) < 0)
        return open_failed(file, errno, err);
    return check_kind(&st, err);
}

static int file_open(struct file *file, error **err)
{
    if (file_look(file, err) < 0)
        return -1;
    file->fd = open_to_read(file);
    if (file->fd < 0 || fstat(file->fd, &file->st) < 0)
        return open_failed(file, errno, err);
    if (check_kind(&file->st, err) < 0)
        return -1;

    off_t size = file->st.st_size;
    if (S_ISBLK(file->st.st_mode))
        size = lseek(file->fd, 0, SEEK_END);
    if (size < 0)
        return error_set_errno(err, STATUS_UNREADABLE, errno, "size of %s", file->path);
    file->size = (uint64_t)size;
    return 0;
}

/* The first bytes: as many as there are, up to length. -1 with errno. */
static ssize_t read_start(int fd, void *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = pread(fd, (char *)bytes + done, length - done, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int file_probe(const struct file *file, enum image_format format, struct image_info *info,
                      error **err)
{
    if (format == IMAGE_RAW)
        return image_probe(NULL, 0, file->size, format, info, err);

    AUTO_FREE void *header = malloc(IMAGE_PROBE_BYTES);
    if (!header)
        return no_memory(err);
    ssize_t length = read_start(file->fd, header, IMAGE_PROBE_BYTES);
    if (length < 0)
        return error_set_errno(err, STATUS_UNREADABLE, errno, "read %s", file->path);
    return image_probe(header, (size_t)length, file->size, format, info, err);
}

/* What an image is made of must be what we can hand to QEMU, descriptor by descriptor. */
static int check_content(const struct image_info *info, error **err)
{
    if (info->encrypted)
        return error_set(err, STATUS_ENCRYPTED, "the %s image is encrypted",
                         image_format_name(info->format));
    if (info->split)
        return error_set(err, STATUS_UNSUPPORTED,
                         "its extents are other files; qemu-img convert makes it one");
    if (info->data_file)
        return error_set(err, STATUS_UNSUPPORTED, "it keeps its data in another file, \"%s\"",
                         info->data_file);
    if (info->backing && info->format != IMAGE_QCOW2 && info->format != IMAGE_QED)
        return error_set(err, STATUS_UNSUPPORTED,
                         "a differencing %s image: its parent, \"%s\", is not followed",
                         image_format_name(info->format), info->backing);
    return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
        return a->st_rdev == b->st_rdev;
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int check_loop(const struct image_chain *chain, const struct file *file, error **err)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct stat st;
        if (fstat(chain->layers[i].fd, &st) == 0 && same_file(&st, &file->st))
            return error_set(err, STATUS_CORRUPT, "the chain of backing files is a loop");
    }
    return 0;
}

/* Takes the file's descriptor over. */
static int append_layer(struct image_chain *chain, struct file *file, enum image_format format,
                        error **err)
{
    struct image_layer *layers =
        reallocarray(chain->layers, chain->count + 1, sizeof *chain->layers);
    if (!layers)
        return no_memory(err);
    chain->layers = layers;

    char *path = strdup(file->path);
    if (!path)
        return no_memory(err);
    layers[chain->count++] = (struct image_layer){
        .path = path,
        .fd = steal_fd(&file->fd),
        .format = format,
        .block_device = S_ISBLK(file->st.st_mode),
    };
    return 0;
}

/* Opens the file and makes it the chain's next layer. */
static int add_layer(struct image_chain *chain, struct file *file, enum image_format format,
                     struct image_info *info, error **err)
{
    if (file_open(file, err) < 0 || check_loop(chain, file, err) < 0)
        return -1;
    if (chain->count == 0 && file->size == 0)
        return error_set(err, STATUS_EMPTY, "the file is empty (0 bytes)");
    if (file_probe(file, format, info, err) < 0 || check_content(info, err) < 0)
        return -1;
    return append_layer(chain, file, info->format, err);
}

static int open_directory(struct walk *walk, error **err)
{
    size_t length = directory_length(walk->top);
    AUTO_FREE char *directory = length ? strndup(walk->top, length) : strdup(".");

    if (!directory)
        return no_memory(err);
    walk->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (walk->directory < 0)
        return error_set_errno(err, STATUS_UNREADABLE, errno, "open %s", walk->top);
    return 0;
}

/* The image itself is opened from the directory that its backing files must be in, so that nobody
 * can exchange that directory in between. Symlinks are followed: the user named it. */
static int add_top(struct walk *walk, enum image_format format, struct file *file,
                   struct image_info *info, error **err)
{
    file->path = file->name = walk->top;
    file->directory = AT_FDCWD;
    if (walk->policy == BACKING_SAME_DIR) {
        if (open_directory(walk, err) < 0)
            return -1;
        file->directory = walk->directory;
        file->name = walk->top + directory_length(walk->top);
        if (*file->name == '\0')
            file->name = *walk->top ? "." : "";
    }
    if (add_layer(walk->chain, file, format, info, err) < 0)
        return -1;
    walk->owner = file->st.st_uid;
    return 0;
}

/* QEMU takes a name with a colon before any slash for "protocol:…" (path_has_protocol() in
 * block.c): nbd://, http://, json:{…}. Only "file:" is a file. NULL: refused. */
static const char *plain_name(const char *name, error **err)
{
    if (strncmp(name, "file:", 5) == 0)
        return name + 5;
    if (name[strcspn(name, ":/")] == ':') {
        error_set(err, STATUS_UNSUPPORTED,
                  "the image names a backing file, \"%s\", that is not a plain file", name);
        return NULL;
    }
    return name;
}

/* An absolute name without the directory of the image, as the user wrote that or as the kernel
 * sees it; NULL where it does not start with either. Purely textual: what is left is then resolved
 * beneath the directory. */
static const char *below_directory(const struct walk *walk, const char *name)
{
    size_t length = directory_length(walk->top);
    if (walk->top[0] == '/' && strncmp(name, walk->top, length) == 0)
        return name + length;

    AUTO_FREE char *directory = strndup(length ? walk->top : "./", length ? length : 2);
    AUTO_FREE char *real = directory ? realpath(directory, NULL) : NULL;
    if (!real)
        return NULL;
    length = strlen(real);
    if (strncmp(name, real, length) != 0 || (name[length] != '/' && real[length - 1] != '/'))
        return NULL;
    name += length;
    return name + strspn(name, "/");
}

/* The backing file's place by the rules of BACKING_SAME_DIR: its name from walk->directory. */
static int locate_below(struct walk *walk, const char *name, struct file *file, char **path,
                        error **err)
{
    const char *relative = name[0] == '/' ? below_directory(walk, name) : name;
    if (!relative)
        return error_set(err, STATUS_REFUSED,
                         "the image names a backing file, \"%s\", outside its directory; "
                         "--backing=allow would follow it",
                         name);
    const char *from = name[0] != '/' && walk->below ? walk->below : "";
    char *below = beside(from, relative);
    *path = below ? beside(walk->top, below) : NULL;
    free(walk->below);
    walk->below = below;
    if (!*path)
        return no_memory(err);
    file->directory = walk->directory;
    file->name = below;
    file->beneath = true;
    return 0;
}

static int locate_backing(struct walk *walk, const char *backing, struct file *file, char **path,
                          error **err)
{
    const char *name = plain_name(backing, err);
    if (!name)
        return -1;
    if (walk->policy == BACKING_DENY)
        return error_set(err, STATUS_REFUSED,
                         "the image names a backing file, \"%s\"; --backing=same-dir or "
                         "--backing=allow would follow it",
                         backing);
    if (walk->chain->count >= IMAGE_CHAIN_MAX)
        return error_set(err, STATUS_REFUSED, "its chain of backing files has more than %d layers",
                         IMAGE_CHAIN_MAX);
    if (walk->policy == BACKING_SAME_DIR)
        return locate_below(walk, name, file, path, err);

    *path = beside(walk->chain->layers[walk->chain->count - 1].path, name);
    if (!*path)
        return no_memory(err);
    file->directory = AT_FDCWD;
    file->name = *path;
    return 0;
}

/* Whoever wrote the image must not learn through us what he may not read himself. */
static int check_reach(const struct walk *walk, const struct file *file, error **err)
{
    if (walk->policy != BACKING_SAME_DIR || file->st.st_uid == walk->owner ||
        (file->st.st_mode & S_IROTH))
        return 0;
    return error_set(
        err, STATUS_REFUSED,
        "it belongs to another user than the image that names it, and not everybody may "
        "read it; --backing=allow would follow it");
}

/* Adds the layer that info names; info becomes that layer's. */
static int add_backing(struct walk *walk, struct image_info *info, error **err)
{
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *backing = STEAL(info->backing);
    enum image_format format = info->backing_format;
    CLEANUP(file_clear) struct file file = {.fd = -1};

    image_info_clear(info);
    if (locate_backing(walk, backing, &file, &path, err) < 0) {
        if (walk->chain->count == 1)
            return -1;
        return error_prefix(err, "backing file %s",
                            walk->chain->layers[walk->chain->count - 1].path);
    }
    file.path = path;
    if (add_layer(walk->chain, &file, format, info, err) < 0 || check_reach(walk, &file, err) < 0)
        return error_prefix(err, "backing file %s", path);
    return 0;
}

static int check_size(const struct image_info *info, unsigned block_size, error **err)
{
    /* These two do not always say their size (image.h). */
    bool known = info->format != IMAGE_VHDX && info->format != IMAGE_VPC;

    if (info->virtual_size == 0 && known)
        return error_set(err, STATUS_EMPTY, "the disk is empty (0 bytes)");
    if (info->virtual_size % block_size != 0)
        return error_set(err, STATUS_REFUSED,
                         "size %" PRIu64 " is not a multiple of the sector size, %u bytes",
                         info->virtual_size, block_size);
    return 0;
}

/* Adds the layers that were named for the image. Each is one that the user named, as it were: what
 * it names itself is looked for from its own directory. info becomes the last one's. */
static int add_named(struct walk *walk, const struct image_backing *backing,
                     struct image_info *info, error **err)
{
    for (size_t i = 0; i < backing->count; i++) {
        CLEANUP(file_clear) struct file file = {.fd = -1};
        const struct image_name *named = &backing->layers[i];

        if (info->format != IMAGE_QCOW2 && info->format != IMAGE_QED)
            return error_set(err, STATUS_REFUSED, "a %s image cannot have a backing file, %s",
                             image_format_name(info->format), named->path);
        image_info_clear(info);
        walk_clear(walk);
        walk->directory = -1;
        walk->below = NULL;
        walk->top = named->path;
        if (add_top(walk, named->format, &file, info, err) < 0)
            return error_prefix(err, "backing file %s", named->path);
    }
    if (backing->complete) {
        free(info->backing);
        info->backing = NULL;
    }
    return 0;
}

int image_chain_open(const char *path, enum image_format format, unsigned block_size,
                     enum backing_policy policy, struct image_chain **chain, error **err)
{
    return image_chain_open_on(path, format, NULL, block_size, policy, chain, err);
}

int image_chain_open_on(const char *path, enum image_format format,
                        const struct image_backing *backing, unsigned block_size,
                        enum backing_policy policy, struct image_chain **chain, error **err)
{
    AUTO_IMAGE_CHAIN struct image_chain *made = calloc(1, sizeof *made);
    CLEANUP(walk_clear)
    struct walk walk = {.policy = policy, .top = path, .directory = -1, .chain = made};
    CLEANUP(image_info_clear) struct image_info info = {0};
    CLEANUP(file_clear) struct file file = {.fd = -1};

    if (!made)
        return no_memory(err);
    if (add_top(&walk, format, &file, &info, err) < 0 ||
        check_size(&info, block_size ? block_size : 512, err) < 0)
        return -1;
    made->size = info.virtual_size;
    made->uid = file.st.st_uid;
    made->gid = file.st.st_gid;
    if (backing && add_named(&walk, backing, &info, err) < 0)
        return -1;
    while (info.backing)
        if (add_backing(&walk, &info, err) < 0)
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
    CLEANUP(file_clear) struct file file = {.path = "/dev/null"};
    file.fd = open_zeros(IMAGE_NULL_SIZE);
    if (!chain) {
        no_memory(err);
        return NULL;
    }
    if (file.fd < 0 || fstat(file.fd, &file.st) < 0) {
        error_set_errno(err, STATUS_UNREADABLE, errno, "cannot make an empty disk");
        return NULL;
    }
    if (append_layer(chain, &file, IMAGE_RAW, err) < 0)
        return NULL;
    chain->size = IMAGE_NULL_SIZE;
    chain->uid = file.st.st_uid;
    chain->gid = file.st.st_gid;
    return STEAL(chain);
}

int image_chain_make_writable(struct image_chain *chain, error **err)
{
    char path[64];
    /* The very file that was examined, whatever stands at its name now. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", chain->layers[0].fd);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, STATUS_REFUSED, errno, "cannot be opened for writing");
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
    free(chain);
}
