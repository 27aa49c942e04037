/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compressed images. A program that everybody has unpacks them: it is given the open file and a
 * pipe, and nothing else. */
#define _GNU_SOURCE 1 /* pipe2 */
#include "remote-process.h"

#include "base/temporary-file.h"
#include "image/image-package.h"
#include "process/child-setup.h"
#include "process/confinement.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define PIECE (256 << 10)             /* bytes read at a time */
#define HOLE 4096                     /* bytes; as many zeros, aligned, are not written */
#define LOOK_AT_ROOM (64 << 20)       /* bytes unpacked between two looks at what room is left */
#define ROOM_SHARE 16                 /* that share of the file system stays free */
#define PROGRAM_MEMORY (768ULL << 20) /* bytes: xz -9 takes 65 MiB, zstd --ultra -22 128 MiB */
#define CANNOT_START 127

struct unpacker {
    enum image_package package;
    const char *const arguments[5];
    int warned; /* the exit status of a program that has unpacked all and has something to say; or 0
                 */
};

static const struct unpacker unpackers[] = {
    {IMAGE_PACKAGE_GZIP, {"gzip", "-dc"}, 2},
    {IMAGE_PACKAGE_XZ, {"xz", "-dc", "--memlimit-decompress=512MiB"}, 2},
    {IMAGE_PACKAGE_ZSTD, {"zstd", "-dcq", "--memory=512MB"}, 0},
    {IMAGE_PACKAGE_BZIP2, {"bzip2", "-dc"}, 0},
};

static const struct unpacker *find_unpacker(enum image_package package)
{
    for (size_t i = 0; i < sizeof unpackers / sizeof unpackers[0]; i++)
        if (unpackers[i].package == package)
            return &unpackers[i];
    return NULL;
}

/* --- the program --- */

/* In the child. */
static void run(const struct unpacker *unpacker, const struct sandbox *box, const int *streams,
                pid_t parent)
{
    AUTO_ERROR error *err = NULL;
    int kept[] = {0, 1, 2};

    for (int i = 0; i < 3; i++)
        if (dup2(streams[i], i) < 0)
            return;
    if (child_setup_close_others(kept, 0) < 0)
        return;
    child_setup_reduce_environment(NULL);
    child_setup_default_signals();
    signal(SIGPIPE, SIG_DFL);
    if (setrlimit(RLIMIT_DATA, &(struct rlimit){PROGRAM_MEMORY, PROGRAM_MEMORY}) < 0 ||
        confinement_enter(box, (const char *const[]){NULL}, false, &err) < 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the change of user, which clears it */
    if (getppid() != parent)
        return;
    execvp(unpacker->arguments[0], (char *const *)unpacker->arguments);
    dprintf(STDERR_FILENO, "%s\n", strerror(errno));
}

/* Its stdout, and its stderr in *said. -1 and *err. */
static int start(struct remote_image *image, const struct unpacker *unpacker,
                 const struct sandbox *box, int from, int *said, error **err)
{
    int out[2], messages[2];

    if (pipe2(out, O_CLOEXEC) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
    AUTO_FD int reading = out[0], writing = out[1];
    if (pipe2(messages, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a pipe");
    AUTO_FD int end = messages[1];
    *said = messages[0];
    pid_t parent = getpid();
    image->server = remote_fork();
    if (image->server == 0) {
        run(unpacker, box, (const int[]){from, writing, end}, parent);
        _exit(CANNOT_START);
    }
    if (image->server < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot start a process");
    return steal_fd(&reading);
}

/* --- what it writes --- */

/* More than is to stay free. What cannot be asked has room. */
static bool has_room(int fd)
{
    struct statvfs room;
    return fstatvfs(fd, &room) < 0 || room.f_bavail > room.f_blocks / ROOM_SHARE;
}

static int no_room(error **err)
{
    return error_set(err, ERROR_REFUSED,
                     "there is no room for what is in it in %s; TMPDIR names another directory",
                     temporary_file_directory());
}

/* A file system that is full, or whose files cannot be as long as the image says: another directory
 * may help. */
static int write_failed(int errnum, error **err)
{
    if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
        return no_room(err);
    return error_set_errno(err, ERROR_HOST, errnum, "cannot write to %s",
                           temporary_file_directory());
}

static bool is_zero(const char *bytes, size_t length)
{
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

static int write_piece(int to, const char *bytes, size_t length, off_t at, error **err)
{
    for (size_t done = 0, part; done < length; done += part) {
        part = length - done < HOLE ? length - done : HOLE;
        if (is_zero(bytes + done, part))
            continue;
        while (part < length - done &&
               !is_zero(bytes + done + part,
                        length - done - part < HOLE ? length - done - part : HOLE))
            part += length - done - part < HOLE ? length - done - part : HOLE;
        ssize_t wrote = pwrite(to, bytes + done, part, at + (off_t)done);
        if (wrote < 0 && errno != EINTR)
            return write_failed(errno, err);
        part = wrote < 0 ? 0 : (size_t)wrote;
    }
    return 0;
}

/* A whole piece, but at the end. */
static ssize_t read_piece(int from, char *bytes)
{
    size_t length = 0;
    while (length < PIECE) {
        ssize_t got = read(from, bytes + length, PIECE - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* Zeros become holes: a disk that is empty but for a few megabytes takes as many. */
static int copy(int from, int to, error **err)
{
    AUTO_FREE char *bytes = malloc(PIECE);
    off_t at = 0;
    ssize_t got = PIECE;

    if (!bytes)
        return error_no_memory(err);
    for (off_t looked = 0; got == PIECE; at += got) {
        got = read_piece(from, bytes);
        if (got < 0)
            return error_set_errno(err, ERROR_HOST, errno, "cannot read what was unpacked");
        if (write_piece(to, bytes, (size_t)got, at, err) < 0)
            return -1;
        if (at - looked >= LOOK_AT_ROOM) {
            looked = at;
            if (!has_room(to))
                return no_room(err);
        }
    }
    if (ftruncate(to, at) < 0)
        return write_failed(errno, err);
    return 0;
}

/* --- how it ended --- */

/* The last line that it said, without its name, which begins it. */
static char *last_words(int said, const char *program)
{
    char text[1024];
    ssize_t got = read(said, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    for (char *end = strchr(text, '\0'); end > text && end[-1] == '\n';)
        *--end = '\0';
    const char *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    size_t name = strlen(program);
    if (strncmp(line, program, name) == 0 && line[name] == ':')
        line += name + 1 + strspn(line + name + 1, " ");
    if (strncmp(line, "stdin: ", 7) == 0)
        line += 7;
    return strdup(*line ? line : "it does not say why");
}

static int judge(struct remote_image *image, const struct unpacker *unpacker, int said, error **err)
{
    int status = 0;
    const char *program = unpacker->arguments[0];

    while (waitpid(image->server, &status, 0) < 0 && errno == EINTR)
        ;
    image->server = -1;
    if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == unpacker->warned))
        return 0;
    AUTO_FREE char *why = last_words(said, program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_START)
        return error_set(
            err, ERROR_UNSUPPORTED,
            "it has to be unpacked by %s, which cannot be started: %s; is it installed?", program,
            why ? why : "");
    return error_set(err, ERROR_CORRUPT, "it cannot be unpacked: %s: %s", program, why ? why : "");
}

static int unpack(struct remote_image *image, const struct unpacker *unpacker,
                  const struct sandbox *box, int from, error **err)
{
    char path[64];
    AUTO_FD int said = -1, to = temporary_file_open();

    if (to < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot make a file in %s",
                               temporary_file_directory());
    AUTO_FD int out = start(image, unpacker, box, from, &said, err);
    if (out < 0 || copy(out, to, err) < 0 || judge(image, unpacker, said, err) < 0)
        return -1;
    /* Nobody who gets them can write to it. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", to);
    image->looking = open(path, O_RDONLY | O_CLOEXEC);
    image->handover = open(path, O_RDONLY | O_CLOEXEC);
    if (image->looking < 0 || image->handover < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot open what was unpacked");
    return 0;
}

int remote_unpack(struct remote_image *image, const struct sandbox *box, error **err)
{
    uint64_t size;
    enum image_package package;
    AUTO_FD int fd = image_package_open(image->image->path, &size, &package, err);

    if (fd < 0)
        return -1;
    const struct unpacker *unpacker = find_unpacker(package);
    if (unpacker)
        return unpack(image, unpacker, box, fd, err);
    if (package != IMAGE_PACKAGE_TAR)
        return error_set(err, ERROR_UNSUPPORTED,
                         "a file that it names is compressed or an archive, and is not unpacked");
    image->handover = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    image->looking = steal_fd(&fd);
    return image->handover < 0 ? error_set_errno(err, ERROR_HOST, errno, "cannot open it twice")
                               : 0;
}
