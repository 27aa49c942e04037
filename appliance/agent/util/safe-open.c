/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "safe-open.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>

/* openat2 says EAGAIN when something was mounted or renamed while it went through a "..". */
#define TRIES 16

int safe_open_open(int root, const char *path, int flags)
{
    const struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
                                 .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    for (int i = 0; i < TRIES; i++) {
        long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return -errno;
}

/* The name in the directory that is this one but for case, into `name`, which has room for it. */
static bool find_folded(int root, const char *directory, char *name)
{
    AUTO_FD int fd = safe_open_open(root, directory, O_RDONLY | O_DIRECTORY);
    AUTO_DIR DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries)
        return false;
    steal_fd(&fd); /* the stream's now */
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (strcasecmp(entry->d_name, name) == 0) {
            memcpy(name, entry->d_name, strlen(name)); /* of the same length */
            return true;
        }
    return false;
}

/* Writes the path as the directories have it; false where there is no such. */
static bool fold_path(int root, const char *path, char real[PATH_MAX])
{
    size_t used = 0;
    for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
        size_t length = strcspn(path, "/");
        char *name = real + used + 1;
        if (used + 1 + length >= PATH_MAX)
            return false;
        real[used] = '/';
        memcpy(name, path, length);
        name[length] = '\0';
        AUTO_FD int fd = safe_open_open(root, real, O_PATH);
        if (fd < 0) {
            real[used] = '\0';
            if (!find_folded(root, used ? real : "/", name))
                return false;
            real[used] = '/';
        }
        used += 1 + length;
        path += length;
    }
    return used > 0;
}

int safe_open_directory(int root, const char *path, bool fold)
{
    char real[PATH_MAX];
    int fd = safe_open_open(root, path, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOENT && fold && fold_path(root, path, real))
        fd = safe_open_open(root, real, O_RDONLY | O_DIRECTORY);
    return fd;
}
