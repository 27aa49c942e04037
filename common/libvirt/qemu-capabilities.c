/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu-capabilities.h"

#include "base/cleanup.h"
#include "base/file-tree.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* libvirt 9.0: qemu_conf.c puts it there in an embedded root; the file is named by a hash of the
 * emulator's path, and checked by libvirt against the emulator's and its own version. */
static const char *const levels[] = {"cache", "cache/qemu", "cache/qemu/capabilities"};
#define CACHE "cache/qemu/capabilities"

/* An empty file. */
#define READ_ONLY "memory-read-only"

/* Of a larger file all is kept. libvirt 9.0 writes 0.2 MB, libvirt 11.3 0.1 MB without KVM. */
#define TEXT_MAX (4 << 20)

/* Writes what is used of it. 1; 0: it is to be copied as it is; -errno. */
static int copy_subset(int source, int target, const struct capabilities_subset *use)
{
    struct stat st;
    if (fstat(source, &st) < 0 || st.st_size <= 0 || st.st_size > TEXT_MAX)
        return 0;
    AUTO_FREE char *text = malloc((size_t)st.st_size);
    if (!text || pread(source, text, (size_t)st.st_size, 0) != st.st_size)
        return 0;
    AUTO_FREE char *less = capabilities_subset_make(use, text, (size_t)st.st_size);
    if (!less)
        return 0;
    ssize_t written = write(target, less, strlen(less));
    return written < 0 ? -errno : written == (ssize_t)strlen(less) ? 1 : -ENOSPC;
}

static int copy_into(int from, int to, const char *name, const struct capabilities_subset *use)
{
    char path[64];
    AUTO_FD int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    AUTO_FD int target =
        openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (source < 0 || target < 0)
        return -errno;
    int subset = use ? copy_subset(source, target, use) : 0;
    if (subset != 0)
        return subset < 0 ? subset : 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", source);
    return file_tree_copy_file(path, target);
}

/* A note of ours is not for libvirt. */
static bool is_libvirts(const char *name)
{
    return name[0] != '.' && strcmp(name, READ_ONLY) != 0;
}

static int copy_all(int from_fd, int to, const struct capabilities_subset *use)
{
    int result = 0;
    AUTO_DIR DIR *from = fdopendir(from_fd);
    if (!from) {
        close(from_fd);
        return -errno;
    }
    for (struct dirent *entry; result == 0 && (entry = readdir(from));)
        if (is_libvirts(entry->d_name))
            result = copy_into(dirfd(from), to, entry->d_name, use);
    return result;
}

static int open_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The directory of a root in which libvirt has the files. */
static int open_cache(const char *root)
{
    AUTO_FD int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : openat(fd, CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Takes `from` over. */
static int copy_directory(int from, int to, const struct capabilities_subset *use)
{
    if (from >= 0 && to >= 0)
        return copy_all(from, to, use);
    int why = -errno;
    if (from >= 0)
        close(from);
    return why;
}

int qemu_capabilities_keep(const char *root, const char *directory,
                           const struct capabilities_subset *use)
{
    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return -errno;
    AUTO_FD int to = open_directory(directory);
    return copy_directory(open_cache(root), to, use);
}

int qemu_capabilities_provide(const char *directory, const char *root)
{
    AUTO_FD int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (fd < 0 || (mkdirat(fd, levels[i], 0755) < 0 && errno != EEXIST))
            return -errno;
    AUTO_FD int to = open_cache(root);
    return copy_directory(open_directory(directory), to, NULL);
}

int qemu_capabilities_note_read_only(const char *directory)
{
    AUTO_FD int at = open_directory(directory);
    AUTO_FD int fd = at < 0 ? -1 : openat(at, READ_ONLY, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return fd < 0 ? -errno : 0;
}

bool qemu_capabilities_read_only(const char *directory)
{
    struct stat st;
    AUTO_FD int at = open_directory(directory);
    return at >= 0 && fstatat(at, READ_ONLY, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool is_later(const struct timespec *one, const struct timespec *other)
{
    return one->tv_sec > other->tv_sec ||
           (one->tv_sec == other->tv_sec && one->tv_nsec > other->tv_nsec);
}

bool qemu_capabilities_written(const char *root, const struct timespec *since)
{
    struct stat st;
    bool written = false;
    int fd = open_cache(root);
    AUTO_DIR DIR *cache = fd < 0 ? NULL : fdopendir(fd);
    if (!cache && fd >= 0)
        close(fd);
    for (struct dirent *entry; cache && !written && (entry = readdir(cache));)
        written = entry->d_name[0] != '.' &&
                  fstatat(dirfd(cache), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                  is_later(&st.st_ctim, since);
    return written;
}
