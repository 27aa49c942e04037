/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-tree.h"

#include "cleanup.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define MAX_DEPTH 64

static int remove_entry(int directory_fd, const char *name, dev_t device, int depth);

static int remove_contents(int fd, dev_t device, int depth)
{
    int result = 0;
    AUTO_DIR DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return -errno;
    }
    for (struct dirent *entry; result == 0 && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = remove_entry(dirfd(directory), entry->d_name, device, depth);
    return result;
}

/* device 0: the one that the first directory is on. */
static int remove_entry(int directory_fd, const char *name, dev_t device, int depth)
{
    struct stat st;
    if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    if (depth == MAX_DEPTH)
        return -ELOOP;
    int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st) < 0 || (device != 0 && st.st_dev != device)) {
        close(fd);
        return -EXDEV;
    }
    int result = remove_contents(fd, st.st_dev, depth + 1);
    if (result == 0 && unlinkat(directory_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        result = -errno;
    return result;
}

int file_tree_remove(int directory_fd, const char *name)
{
    return remove_entry(directory_fd, name, 0, 0);
}

int file_tree_copy_file(const char *from, int to_fd)
{
    AUTO_FD int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ioctl(to_fd, FICLONE, fd) == 0)
        return 0;
    char buffer[65536];
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got == 0)
            return 0;
        if (got < 0)
            return -errno;
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to_fd, buffer + done, (size_t)(got - done));
            if (put < 0)
                return -errno;
            done += put;
        }
    }
}
