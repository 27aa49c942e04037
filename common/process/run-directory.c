/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-directory.h"

#include <stdint.h>

#include "base/file-tree.h"
#include "base/pid-signal.h"
#include "base/text-format.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>

/* Random letters come after it (mkdtemp). */
#define PREFIX "virt-live-"
#define NAME_LENGTH (sizeof PREFIX "XXXXXX" - 1)
#define LOCK "lock"
#define NEW_LOCK "lock.new"

/* What the copy of an appliance's memory takes (100 MB), with room for what else there is. */
#define ROOM_FOR_MEMORY ((uint64_t)192 << 20)

struct run_directory {
    char *path;
    int fd;
    int lock;
    struct sandbox box;
};

/* --- what earlier runs left --- */

/* Ends processes of our sandbox, or ours, whose command line names a file below the directory. */
static void end_leftover(const struct sandbox *box, const char *pid_name, const char *directory)
{
    char path[64], arguments[65536];
    struct stat st;
    /* First, so that what is read is what it stands for, or it has ended. */
    AUTO_FD int process = pid_open((pid_t)strtol(pid_name, NULL, 10));
    if (process < 0)
        return;
    snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid_name);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != box->uid)
        return;
    ssize_t length = read(fd, arguments, sizeof arguments);
    if (length > 0 && memmem(arguments, (size_t)length, directory, strlen(directory)))
        pid_fd_signal(process, SIGKILL);
}

static void end_leftovers(const struct sandbox *box, const char *directory)
{
    AUTO_DIR DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            end_leftover(box, entry->d_name, directory);
}

/* A run that lives holds its lock. One that is just being made has none yet, and is left alone. */
static bool abandoned(int base_fd, const char *name)
{
    struct stat st;
    AUTO_FREE char *lock = text_format("%s/" LOCK, name);
    if (!lock)
        return false;
    AUTO_FD int fd = openat(base_fd, lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* Seconds after which one without a lock is no longer being made: its maker was killed. */
#define MAKING_TIME 60

/* One that was never finished has no more in it than a lock that was not held yet. What holds
 * anything else stays, whosesoever it is. */
static void remove_unfinished(int base_fd, const char *name)
{
    struct stat st;
    if (fstatat(base_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        time(NULL) - st.st_mtime < MAKING_TIME)
        return;
    AUTO_FREE char *lock = text_format("%s/" NEW_LOCK, name);
    if (!lock)
        return;
    unlinkat(base_fd, lock, 0);
    unlinkat(base_fd, name, AT_REMOVEDIR); /* where anything is in it, it stays */
}

/* Whether it is the directory of a run of this user; virt-hotplug's place, for one, has a name that
 * only begins so. */
static bool is_runs(int base_fd, const char *name)
{
    struct stat st;
    return strlen(name) == NAME_LENGTH && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
           fstatat(base_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == geteuid();
}

static void sweep(const struct sandbox *box, const char *base)
{
    AUTO_DIR DIR *directory = opendir(base);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (!is_runs(dirfd(directory), entry->d_name))
            continue;
        if (!abandoned(dirfd(directory), entry->d_name)) {
            remove_unfinished(dirfd(directory), entry->d_name);
            continue;
        }
        AUTO_FREE char *path = text_format("%s/%s/", base, entry->d_name);
        if (!path)
            continue;
        end_leftovers(box, path);
        file_tree_remove(dirfd(directory), entry->d_name);
    }
}

/* --- this run's --- */

/* 0 or -errno. */
static int usable(const struct sandbox *box, const char *base, size_t socket_room)
{
    struct statvfs fs;
    if (!base || base[0] != '/' ||
        strlen(base) + sizeof "/" PREFIX "XXXXXX" + socket_room >=
            sizeof((struct sockaddr_un *)NULL)->sun_path ||
        (access(base, W_OK | X_OK) < 0 && errno != EROFS) || !sandbox_can_enter(box, base))
        return -ENOENT;
    if (access(base, W_OK) < 0)
        return -EROFS;
    if (statvfs(base, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_FOR_MEMORY)
        return -ENOSPC;
    return 0;
}

static int make(run_directory *self, const char *base)
{
    self->path = text_format("%s/" PREFIX "XXXXXX", base);
    if (!self->path)
        return -ENOMEM;
    if (!mkdtemp(self->path)) {
        int why = -errno;
        free(STEAL(self->path));
        return why;
    }
    /* A process in the sandbox has to reach its own directory below, and need not see the others.
     */
    self->fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fd < 0 || fchmod(self->fd, self->box.drop ? 0711 : 0700) < 0)
        return -errno;
    /* Other runs do not see the lock file before it is locked: one that starts at the same time
     * would take it. */
    self->lock = openat(self->fd, NEW_LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (self->lock < 0 || flock(self->lock, LOCK_EX) < 0 ||
        renameat(self->fd, NEW_LOCK, self->fd, LOCK) < 0)
        return -errno;
    return 0;
}

/* What make() has left where it failed: without a lock no other run would remove it. */
static void unmake(run_directory *self)
{
    if (self->fd >= 0) {
        unlinkat(self->fd, NEW_LOCK, 0);
        close(self->fd);
    }
    if (self->lock >= 0)
        close(self->lock);
    if (self->path)
        rmdir(self->path);
    free(STEAL(self->path));
    self->fd = self->lock = -1;
}

static void forget(run_directory *self)
{
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    if (self->lock >= 0)
        close(self->lock);
    free(self->path);
    free(self);
}

static run_directory *make_in(const struct sandbox *box, size_t socket_room,
                              const char *const *bases, size_t count, error **err)
{
    run_directory *self = calloc(1, sizeof *self);
    int made = -ENOENT;
    if (!self) {
        error_no_memory(err);
        return NULL;
    }
    *self = (run_directory){.fd = -1, .lock = -1, .box = *box};
    for (size_t i = 0; i < count; i++) {
        int fit = usable(box, bases[i], socket_room);
        if (fit == -ENOENT)
            continue;
        /* An earlier run may have taken a base that this one does not. */
        sweep(box, bases[i]);
        if (made >= 0)
            continue;
        made = fit < 0 ? fit : make(self, bases[i]);
        if (made < 0)
            unmake(self);
    }
    if (made < 0) {
        error_set_errno(err, ERROR_HOST, -made,
                        "cannot make a temporary directory in $XDG_RUNTIME_DIR, $TMPDIR (set it to "
                        "one that can be written) or %s",
                        bases[count - 1]);
        forget(self);
        return NULL;
    }
    return self;
}

/* The path, where it is a tmpfs; or NULL. */
static const char *if_memory(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC ? path : NULL;
}

run_directory *run_directory_new(const struct sandbox *box, size_t socket_room, error **err)
{
    const char *bases[] = {box->drop ? NULL : getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"),
                           if_memory("/run"), if_memory("/dev/shm"), "/tmp"};
    return make_in(box, socket_room, bases, sizeof bases / sizeof *bases, err);
}

run_directory *run_directory_new_for_files(const struct sandbox *box, size_t socket_room,
                                           error **err)
{
    const char *bases[] = {getenv("TMPDIR"), "/var/tmp"};

    return make_in(box, socket_room, bases, sizeof bases / sizeof *bases, err);
}

void run_directory_free(run_directory *self)
{
    if (self)
        file_tree_remove(AT_FDCWD, self->path);
    forget(self);
}

const char *run_directory_path(const run_directory *self)
{
    return self->path;
}

char *run_directory_subdirectory(run_directory *self, const char *name, error **err)
{
    char *path = NULL;
    if (mkdirat(self->fd, name, 0700) < 0 ||
        (self->box.drop && fchownat(self->fd, name, self->box.uid, self->box.gid, 0) < 0) ||
        !(path = text_format("%s/%s", self->path, name))) {
        error_set_errno(err, ERROR_HOST, errno, "cannot make %s/%s", self->path, name);
        return NULL;
    }
    return path;
}

int run_directory_remove_subdirectory(run_directory *self, const char *name)
{
    return file_tree_remove(self->fd, name);
}
