/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE 1 /* O_PATH, O_NOATIME */
#include "image-file.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

void image_file_clear(struct image_file *file)
{
    cleanup_fd(&file->fd);
}

/* Lists are made by hand, and on Windows: the message names white space that is hard to see. */
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

static int open_failed(const struct image_file *file, int errnum, error **err)
{
    if (file->beneath && errnum == ELOOP)
        return error_set(err, ERROR_REFUSED,
                         "there is a symbolic link in its path; --backing=allow would follow it");
    return error_set_errno(err, ERROR_UNREADABLE, errnum, "open %s%s", file->path,
                           errnum == ENOENT ? white_space_hint(file->path) : "");
}

static int open_once(const struct image_file *file, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    if (!file->beneath)
        return openat(file->directory, file->name, flags);
    return (int)syscall(SYS_openat2, file->directory, file->name, &how, sizeof how);
}

/* EAGAIN, of a file that another process holds a lease on, may be provoked: it is not retried for
 * ever. */
static int open_file(const struct image_file *file, int flags)
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
static int open_to_read(const struct image_file *file)
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
        return error_set(err, ERROR_REFUSED, "it is a directory, not an image");
    case S_IFIFO:
        return error_set(err, ERROR_REFUSED, "it is a FIFO, not an image");
    case S_IFSOCK:
        return error_set(err, ERROR_REFUSED, "it is a socket, not an image");
    case S_IFCHR:
        return error_set(err, ERROR_REFUSED, "it is a character device, not an image");
    default:
        return error_set(err, ERROR_REFUSED, "it is no regular file and no block device");
    }
}

/* Its owner need not have the right: he can give it to himself. */
static bool in_reach(const struct image_file *file, const struct stat *st, mode_t for_all)
{
    return !file->beneath || st->st_uid == file->owner || (st->st_mode & for_all);
}

static int check_file(const struct image_file *file, const struct stat *st, error **err)
{
    if (!in_reach(file, st, S_IROTH))
        return error_set(err, ERROR_REFUSED,
                         "it belongs to another user than the image, and not everybody may read "
                         "it; --backing=allow would follow it");
    return check_kind(st, err);
}

/* The next directory on the way to the file, whose name begins with it. */
static int open_step(const struct image_file *file, size_t length, error **err)
{
    AUTO_FREE char *name = strndup(file->name, length);
    struct image_file step = *file;
    struct stat st;

    step.name = name;
    if (!name)
        return error_no_memory(err);
    AUTO_FD int fd = open_file(&step, O_PATH | O_DIRECTORY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return open_failed(file, errno, err);
    if (!in_reach(file, &st, S_IXOTH))
        return error_set(err, ERROR_REFUSED,
                         "a directory on the way to it belongs to another user than the image, and "
                         "not everybody may enter it; --backing=allow would follow it");
    return steal_fd(&fd);
}

static int look_and_open(struct image_file *file, error **err)
{
    struct stat st;
    AUTO_FD int seen = open_file(file, O_PATH);

    if (seen < 0 || fstat(seen, &st) < 0)
        return open_failed(file, errno, err);
    if (check_file(file, &st, err) < 0)
        return -1;
    file->fd = open_to_read(file);
    if (file->fd < 0 || fstat(file->fd, &file->st) < 0)
        return open_failed(file, errno, err);
    return check_file(file, &file->st, err);
}

/* One at a time, so that a checked directory cannot be exchanged. */
static int open_beneath(struct image_file *file, error **err)
{
    AUTO_FD int directory = -1;
    struct image_file step = *file;
    const char *slash;

    while ((slash = strchr(step.name, '/'))) {
        int next = open_step(&step, (size_t)(slash - step.name), err);
        if (next < 0)
            return -1;
        cleanup_fd(&directory);
        directory = step.directory = next;
        step.name = slash + 1;
    }
    int result = look_and_open(&step, err);
    file->fd = step.fd;
    file->st = step.st;
    return result;
}

int image_file_open(struct image_file *file, error **err)
{
    if ((file->beneath ? open_beneath(file, err) : look_and_open(file, err)) < 0)
        return -1;

    off_t size = file->st.st_size;
    if (S_ISBLK(file->st.st_mode))
        size = lseek(file->fd, 0, SEEK_END);
    if (size < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "size of %s", file->path);
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

/* [MS-VHDX] 2.2.2: two headers, of which the one with the higher sequence number counts; its
 * LogGuid is zero where there is nothing to replay. */
static bool has_vhdx_log(int fd)
{
    static const off_t places[] = {65536, 131072};
    static const char none[16];
    struct {
        char signature[4];
        uint32_t checksum;
        uint64_t sequence;
        char write_guids[32];
        char log_guid[16];
    } header;
    uint64_t newest = 0;
    bool log = false;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (pread(fd, &header, sizeof header, places[i]) != (ssize_t)sizeof header ||
            memcmp(header.signature, "head", 4) != 0 || le64toh(header.sequence) < newest)
            continue;
        newest = le64toh(header.sequence);
        log = memcmp(header.log_guid, none, sizeof none) != 0;
    }
    return log;
}

int image_file_probe(const struct image_file *file, enum image_format format,
                     struct image_info *info, error **err)
{
    if (format == IMAGE_RAW)
        return image_probe(NULL, 0, file->size, format, info, err);

    AUTO_FREE void *header = malloc(IMAGE_PROBE_VHDX_BYTES);
    if (!header)
        return error_no_memory(err);
    ssize_t length = read_start(file->fd, header, IMAGE_PROBE_BYTES);
    if (length == IMAGE_PROBE_BYTES && memcmp(header, "vhdxfile", 8) == 0)
        length = read_start(file->fd, header, IMAGE_PROBE_VHDX_BYTES);
    if (length < 0)
        return error_set_errno(err, ERROR_UNREADABLE, errno, "read %s", file->path);
    if (image_probe(header, (size_t)length, file->size, format, info, err) < 0)
        return -1;
    if (info->format != IMAGE_VHDX || !has_vhdx_log(file->fd))
        return 0;
    image_info_clear(info);
    return error_set(err, ERROR_UNSUPPORTED,
                     "the VHDX has a log that is to be replayed first, which writes to it: "
                     "qemu-img check -r all");
}
