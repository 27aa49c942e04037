/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "safe-open.h"
#include "base/cleanup.h"
#include "ntfs-link.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>

/* openat2 says EAGAIN when something was mounted or renamed while it went through a "..". */
#define TRIES 16

/* As the kernel has it (MAXSYMLINKS). */
#define LINKS_MAX 40

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

/* A path on its way: what is settled, and what is still to be. */
struct way {
    int root;
    const struct safe_open_how *how;
    char real[PATH_MAX];
    size_t used;
    char rest[PATH_MAX];
    unsigned links; /* that were followed */
};

/* Where the last part of `real` is a junction, what is to be settled begins anew with its target.
 * Other links are left to the kernel. */
static bool follow(struct way *self)
{
    char target[PATH_MAX], rest[PATH_MAX];
    AUTO_FD int fd = safe_open_open(self->root, self->real, O_PATH | O_NOFOLLOW);
    ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);
    if (length < 0 || !self->how->ntfs_at || self->links == LINKS_MAX)
        return false;
    target[length] = '\0';
    if (!ntfs_link_settle(target, sizeof target, self->how->ntfs_at) || target[0] != '/' ||
        (size_t)snprintf(rest, sizeof rest, "%s/%s", target, self->rest) >= sizeof rest)
        return false;
    memcpy(self->rest, rest, sizeof rest);
    self->used = 0;
    self->links++;
    return true;
}

/* Moves the next name from what is to be settled to what is; false where there is no such. */
static bool settle_name(struct way *self)
{
    size_t slashes = strspn(self->rest, "/"), length = strcspn(self->rest + slashes, "/");
    char *name = self->real + self->used + 1;
    if (self->used + 1 + length >= PATH_MAX)
        return false;
    self->real[self->used] = '/';
    memcpy(name, self->rest + slashes, length);
    name[length] = '\0';
    memmove(self->rest, self->rest + slashes + length, strlen(self->rest + slashes + length) + 1);
    AUTO_FD int fd = safe_open_open(self->root, self->real, O_PATH | O_NOFOLLOW);
    if (fd < 0) {
        self->real[self->used] = '\0';
        if (!self->how->fold || !find_folded(self->root, self->used ? self->real : "/", name))
            return false;
        self->real[self->used] = '/';
    }
    if (!follow(self))
        self->used += 1 + length;
    return true;
}

/* Writes the path as the directories have it; false where there is no such. */
static bool settle_path(struct way *self, const char *path)
{
    if ((size_t)snprintf(self->rest, sizeof self->rest, "%s", path) >= sizeof self->rest)
        return false;
    while (self->rest[strspn(self->rest, "/")])
        if (!settle_name(self))
            return false;
    return self->used > 0 || self->links > 0;
}

int safe_open_directory(int root, const char *path, const struct safe_open_how *how)
{
    struct way way = {.root = root, .how = how};
    int fd = safe_open_open(root, path, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOENT && (how->fold || how->ntfs_at) && settle_path(&way, path))
        fd = safe_open_open(root, way.used ? way.real : "/", O_RDONLY | O_DIRECTORY);
    return fd;
}
