/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-tree.h"

#include "cleanup.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* Directories that are open at once. What is nested deeper is moved to the top of the tree, and its
 * turn comes there: so depth costs neither descriptors nor stack. */
#define OPEN_DEPTH 32

struct removal {
    int top;        /* the tree's own directory */
    dev_t device;   /* that it is on */
    unsigned moved; /* directories, to the top */
    bool again;     /* since the last pass over the top one more has come there */
    int failed;     /* 0, or the first failure, -errno */
};

static void note(struct removal *self, int errnum)
{
    if (self->failed == 0 && errnum != ENOENT)
        self->failed = -errnum;
}

/* Who wrote in the tree may have taken rights from its directories. */
static void allow_all(int directory_fd, const char *name)
{
    char path[64];
    AUTO_FD int fd = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0)
        chmod(path, 0700);
}

/* A directory of this file system, in which we have all rights; -1 and errno. */
static int open_directory(int directory_fd, const char *name, dev_t device)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct stat st;
    AUTO_FD int fd = openat(directory_fd, name, flags);
    if (fd < 0 && errno == EACCES) {
        allow_all(directory_fd, name);
        fd = openat(directory_fd, name, flags);
    }
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (device != 0 && st.st_dev != device) {
        errno = EXDEV;
        return -1;
    }
    if ((st.st_mode & S_IRWXU) != S_IRWXU)
        fchmod(fd, 0700); /* where that fails, so does what needs it */
    return steal_fd(&fd);
}

static void move_to_top(struct removal *self, int directory_fd, const char *name)
{
    char there[32];
    int moved;
    do {
        snprintf(there, sizeof there, "deep.%u", self->moved++);
        moved = renameat2(directory_fd, name, self->top, there, RENAME_NOREPLACE);
    } while (moved < 0 && errno == EEXIST);
    self->again |= moved == 0;
    if (moved < 0)
        note(self, errno);
}

static void remove_contents(struct removal *self, int fd, int depth);

static void remove_entry(struct removal *self, int directory_fd, const char *name, int depth)
{
    if (unlinkat(directory_fd, name, 0) == 0 || unlinkat(directory_fd, name, AT_REMOVEDIR) == 0)
        return;
    if (errno != ENOTEMPTY && errno != EEXIST) {
        note(self, errno);
        return;
    }
    if (depth == OPEN_DEPTH) {
        move_to_top(self, directory_fd, name);
        return;
    }
    int fd = open_directory(directory_fd, name, self->device);
    if (fd < 0) {
        note(self, errno);
        return;
    }
    remove_contents(self, fd, depth + 1);
    /* Where a part of it stays, the reason has been noted. */
    if (unlinkat(directory_fd, name, AT_REMOVEDIR) < 0)
        note(self, errno);
}

/* Takes fd over. */
static void remove_contents(struct removal *self, int fd, int depth)
{
    AUTO_DIR DIR *directory = fdopendir(fd);
    if (!directory) {
        note(self, errno);
        close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_entry(self, dirfd(directory), entry->d_name, depth);
}

static int remove_tree(int directory_fd, const char *name)
{
    struct stat st;
    struct removal self = {.again = true};
    AUTO_FD int top = open_directory(directory_fd, name, 0);
    if (top < 0 || fstat(top, &st) < 0)
        return -errno;
    self.top = top;
    self.device = st.st_dev;
    while (self.again) {
        int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        self.again = false;
        self.failed = 0; /* what is still there is tried again */
        remove_contents(&self, fd, 1);
    }
    if (unlinkat(directory_fd, name, AT_REMOVEDIR) < 0)
        note(&self, errno);
    return self.failed;
}

int file_tree_remove(int directory_fd, const char *name)
{
    if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    int removed = remove_tree(directory_fd, name);
    return removed == -ENOENT ? 0 : removed;
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
