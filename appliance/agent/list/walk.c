/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "walk.h"
#include "agent/mount/btrfs-inodes.h"
#include "agent/util/ntfs-link.h"
#include "base/cleanup.h"
#include "directory-names.h"
#include "file-digest.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
#define OPEN_FILE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Which directory. An inode number alone is unique in one filesystem only, and a filesystem (btrfs
 * with subvolumes) may rightly be mounted in itself. */
struct identity {
    uint64_t mount;
    uint64_t ino;
    dev_t dev;
};

/* A directory that the walk is in. */
struct level {
    struct directory_names names;
    struct identity identity;
    device_inodes *source; /* of the files in it; NULL: there is none */
    size_t path;           /* the length of its path */
    int fd;                /* -1: it was closed; the last level's is open */
};

struct walk {
    struct walk_how how;
    file_digest *digest;
    int start; /* -1: the walk is in it */
    struct level *levels;
    size_t depth;
    size_t room;
    size_t held;         /* bytes of names */
    btrfs_inodes *btrfs; /* of the subvolume whose directory was read last; NULL: it is none */
    dev_t btrfs_device;
    bool first;     /* the directory's own entry is still to come */
    bool descend;   /* into the directory that `path` names */
    bool digesting; /* `entry` lacks nothing but its digest */
    listing_entry entry;
    char problem[LISTING_MESSAGE]; /* "": none; else it is the next item, of `path` */
    size_t length;
    char path[LISTING_PATH + 1];
    char target[LISTING_TARGET];
    unsigned char value[LISTING_DIGEST];
};

walk *walk_new(int directory, const struct walk_how *how)
{
    walk *self = calloc(1, sizeof *self);
    AUTO_FD int fd = directory;
    if (!self)
        return NULL;
    self->start = -1;
    if (how->checksum != LS_NO_CHECKSUM && !(self->digest = file_digest_new(how->checksum))) {
        walk_free(self);
        return NULL;
    }
    self->how = *how;
    self->start = steal_fd(&fd);
    self->first = how->order == LS_TREE;
    self->descend = !self->first;
    return self;
}

static struct level *top(const walk *self)
{
    return &self->levels[self->depth - 1];
}

static void drop_level(walk *self)
{
    struct level *level = top(self);
    directory_names_clear(&level->names, &self->held);
    if (level->fd >= 0)
        close(level->fd);
    self->depth--;
}

void walk_free(walk *self)
{
    if (!self)
        return;
    while (self->depth > 0)
        drop_level(self);
    free(self->levels);
    if (self->start >= 0)
        close(self->start);
    file_digest_free(self->digest);
    btrfs_inodes_free(self->btrfs);
    free(self);
}

/* ---- items ---- */

static void trouble(walk *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With `path` there is a problem. */
static void trouble(walk *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->problem, sizeof self->problem, format, arguments);
    va_end(arguments);
}

static int give_problem(walk *self, struct listing_item *item)
{
    listing_problem *problem = &item->listing_item_u.problem;
    item->kind = LISTING_PROBLEM;
    problem->path.path_val = self->path;
    problem->path.path_len = (u_int)self->length;
    problem->message.message_len = (u_int)strlen(self->problem);
    /* `problem` is free for the next one from here on. */
    problem->message.message_val = self->target;
    memcpy(self->target, self->problem, problem->message.message_len);
    self->problem[0] = '\0';
    return 1;
}

static int give_entry(walk *self, struct listing_item *item)
{
    item->kind = LISTING_ENTRY;
    item->listing_item_u.entry = self->entry;
    self->descend = self->how.order == LS_TREE && S_ISDIR(self->entry.mode);
    return 1;
}

static int give_digest(walk *self, struct listing_item *item)
{
    int result = file_digest_step(self->digest, WALK_STRIDE);
    if (result > 0)
        return 2;
    self->digesting = false;
    if (result < 0) {
        trouble(self, "checksum: %s", strerror(-result));
    } else {
        self->entry.digest.digest_val = (char *)self->value;
        self->entry.digest.digest_len = (u_int)file_digest_finish(self->digest, self->value);
    }
    file_digest_begin(self->digest, -1);
    return give_entry(self, item);
}

/* ---- entries ---- */

/* The last part of `path`. */
static const char *name_of(const walk *self)
{
    size_t above = top(self)->path;
    return self->path + above + (above > 0);
}

/* ext4 has room for more nanoseconds than a second has, and the kernel passes them on. */
#define MOST_NANOSECONDS 999999999

static listing_time time_of(const struct statx_timestamp *when)
{
    uint32_t nanoseconds = when->tv_nsec <= MOST_NANOSECONDS ? when->tv_nsec : MOST_NANOSECONDS;
    return (listing_time){.seconds = when->tv_sec, .nanoseconds = nanoseconds};
}

static void fill_entry(walk *self, const struct statx *status)
{
    self->entry = (listing_entry){
        .path = {.path_val = self->path, .path_len = (u_int)self->length},
        .mode = status->stx_mode,
        .size = status->stx_size,
        .uid = status->stx_uid,
        .gid = status->stx_gid,
        .links = status->stx_nlink,
        .dev = makedev(status->stx_dev_major, status->stx_dev_minor),
        .ino = status->stx_ino,
        .rdev_major = status->stx_rdev_major,
        .rdev_minor = status->stx_rdev_minor,
        .blocks = status->stx_blocks,
        .accessed = time_of(&status->stx_atime),
        .modified = time_of(&status->stx_mtime),
        .changed = time_of(&status->stx_ctime),
    };
}

/* Of all filesystems here, a program serves only that. */
static bool is_ntfs(int directory)
{
    struct statfs status;
    return fstatfs(directory, &status) == 0 && status.f_type == FUSE_SUPER_MAGIC;
}

static void read_target(walk *self, int directory, const char *name)
{
    ssize_t length = readlinkat(directory, name, self->target, sizeof self->target);
    if (length < 0) {
        trouble(self, "readlink: %s", strerror(errno));
        return;
    }
    if (self->how.ntfs_at && (size_t)length < sizeof self->target && is_ntfs(directory)) {
        self->target[length] = '\0';
        ntfs_link_settle(self->target, sizeof self->target, self->how.ntfs_at);
        length = (ssize_t)strlen(self->target);
    }
    self->entry.target.target_val = self->target;
    self->entry.target.target_len = (u_int)length;
}

static void begin_digest(walk *self, int directory, const char *name)
{
    int fd = openat(directory, name, OPEN_FILE);
    if (fd < 0) {
        trouble(self, "open: %s", strerror(errno));
        return;
    }
    file_digest_begin(self->digest, fd);
    self->digesting = true;
}

static bool read_inode(walk *self, const struct level *level, const struct name *name,
                       struct statx *status, size_t *length)
{
    const struct device_inodes_file file = {.directory = level->identity.ino,
                                            .at = level->fd,
                                            .name = name_of(self),
                                            .ino = name->ino,
                                            .regular = name->regular};
    if (level->source)
        return device_inodes_stat(level->source, &file, status, self->target, length);
    return name->regular && self->btrfs && self->btrfs_device == level->identity.dev &&
           btrfs_inodes_stat(self->btrfs, level->fd, name->ino, status);
}

/* Makes the entry of a file in the last level without looking its name up; false: that does not
 * work. */
static bool examine_inode(walk *self, const struct name *name)
{
    struct statx status;
    const struct level *level = top(self);
    size_t length = 0;
    if (name->ino == 0 || !read_inode(self, level, name, &status, &length))
        return false;
    status.stx_dev_major = major(level->identity.dev);
    status.stx_dev_minor = minor(level->identity.dev);
    fill_entry(self, &status);
    if (S_ISLNK(status.stx_mode)) {
        self->entry.target.target_val = self->target;
        self->entry.target.target_len = (u_int)length;
    } else if (S_ISREG(status.stx_mode) && self->digest) {
        begin_digest(self, level->fd, name_of(self));
    }
    return true;
}

/* Makes the entry; false where there is a problem instead. "": the directory itself. */
static bool examine(walk *self, int directory, const char *name)
{
    struct statx status;
    const char *what = self->how.at_top && strcmp(name, "..") == 0 ? "." : name;
    if (statx(directory, what, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
              STATX_BASIC_STATS, &status) < 0) {
        trouble(self, "stat: %s", strerror(errno));
        return false;
    }
    fill_entry(self, &status);
    if (S_ISLNK(status.stx_mode))
        read_target(self, directory, name);
    else if (S_ISREG(status.stx_mode) && self->digest)
        begin_digest(self, directory, name);
    return true;
}

static bool name_only(walk *self)
{
    self->entry = (listing_entry){
        .path = {.path_val = self->path, .path_len = (u_int)self->length},
    };
    return true;
}

/* ---- down and up ---- */

static int identify(int fd, struct identity *identity)
{
    struct statx status;
    if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID, &status) < 0)
        return -errno;
    identity->mount = status.stx_mnt_id;
    identity->ino = status.stx_ino;
    identity->dev = makedev(status.stx_dev_major, status.stx_dev_minor);
    return 0;
}

static bool same(const struct identity *a, const struct identity *b)
{
    return a->ino == b->ino && a->dev == b->dev && a->mount == b->mount;
}

static bool contains_itself(const walk *self, const struct identity *identity)
{
    for (size_t i = self->depth; i-- > 0;)
        if (same(&self->levels[i].identity, identity))
            return true;
    return false;
}

static struct level *add_level(walk *self)
{
    if (self->depth == self->room) {
        size_t room = self->room ? self->room * 2 : 16;
        struct level *levels = reallocarray(self->levels, room, sizeof *levels);
        if (!levels)
            abort(); /* an appliance without memory is of no use; the host sees it end */
        self->levels = levels;
        self->room = room;
    }
    if (self->depth >= WALK_OPEN) {
        int *far = &self->levels[self->depth - WALK_OPEN].fd;
        close(steal_fd(far));
    }
    struct level *level = &self->levels[self->depth++];
    memset(level, 0, sizeof *level);
    return level;
}

/* The files of that level are read in groups, if it is in a btrfs. */
static void open_btrfs(walk *self, const struct level *level)
{
    if (level->source || (self->btrfs && self->btrfs_device == level->identity.dev))
        return;
    btrfs_inodes_free(self->btrfs);
    self->btrfs = btrfs_inodes_open(level->fd);
    self->btrfs_device = level->identity.dev;
}

/* What is in the directory comes next. */
static void read_directory(walk *self, int *fd, const struct identity *identity)
{
    enum directory_names_what what = self->how.order == LS_PATHS ? DIRECTORY_NAMES_SUBTREES
                                     : self->how.dots            ? DIRECTORY_NAMES_DOTS
                                                                 : DIRECTORY_NAMES_PLAIN;
    struct level *level = add_level(self);
    level->identity = *identity;
    level->source = self->how.source ? self->how.source(self->how.owner, identity->dev) : NULL;
    level->path = self->length;
    level->fd = steal_fd(fd);
    if (!self->how.names_only)
        open_btrfs(self, level);
    int result = directory_names_read(&level->names, level->fd, what, &self->held, WALK_NAMES_MAX);
    if (result == -E2BIG)
        trouble(self, "its names need more than %d MiB of memory", WALK_NAMES_MAX >> 20);
    else if (result < 0)
        trouble(self, "read: %s", strerror(-result));
}

/* Goes into the directory that `path` names, or says why not. */
static void descend(walk *self)
{
    struct identity identity = {0};
    AUTO_FD int fd = self->start >= 0 ? steal_fd(&self->start)
                                      : openat(top(self)->fd, name_of(self), OPEN_DIRECTORY);
    int result = fd < 0 ? -errno : identify(fd, &identity);
    if (result < 0)
        trouble(self, "open: %s", strerror(-result));
    else if (contains_itself(self, &identity))
        trouble(self, "this directory contains itself");
    else if (self->length + 1 + WALK_NAME > LISTING_PATH)
        trouble(self, "the paths in this directory are too long");
    else
        read_directory(self, &fd, &identity);
}

/* The way back up is the one that the kernel came down: what a filesystem has written in ".." does
 * not matter to it. */
static int open_parent(struct level *level, int below)
{
    struct identity identity = {0};
    AUTO_FD int fd = openat(below, "..", OPEN_DIRECTORY);
    int result = fd < 0 ? -errno : identify(fd, &identity);
    if (result < 0)
        return result;
    if (!same(&identity, &level->identity))
        return -ESTALE;
    level->fd = steal_fd(&fd);
    return 0;
}

static void ascend(walk *self)
{
    struct level *below = top(self), *above = below - 1;
    int result = self->depth > 1 && above->fd < 0 ? open_parent(above, below->fd) : 0;
    drop_level(self);
    if (result == 0)
        return;
    self->length = top(self)->path;
    trouble(self, "the rest of this directory and of those above it is left out: open: %s",
            strerror(-result));
    while (self->depth > 0)
        drop_level(self);
}

/* Makes `path` that of a name in the directory that the walk is in. */
static bool set_path(walk *self, const char *name)
{
    size_t at = top(self)->path, length = strlen(name);
    self->length = at;
    if (length > WALK_NAME) {
        trouble(self, "a name of %zu bytes", length);
        return false;
    }
    if (at > 0)
        self->path[at++] = '/';
    memcpy(self->path + at, name, length + 1);
    self->length = at + length;
    return true;
}

/* The next of the directory's names; false where it is no entry. */
static bool next_name(walk *self)
{
    struct name name = directory_names_next(&top(self)->names);
    if (!name.text) {
        ascend(self);
        return false;
    }
    if (!set_path(self, name.text))
        return false;
    if (self->path[self->length - 1] == '/') {
        self->path[--self->length] = '\0';
        self->descend = true;
        return false;
    }
    if (self->how.names_only)
        return name_only(self);
    return examine_inode(self, &name) || examine(self, top(self)->fd, name_of(self));
}

int walk_next(walk *self, struct listing_item *item)
{
    if (self->digesting)
        return give_digest(self, item);
    for (;;) {
        bool made = false;
        if (self->problem[0])
            return give_problem(self, item);
        if (self->first) {
            self->first = false;
            made = examine(self, self->start, "");
        } else if (self->descend) {
            self->descend = false;
            descend(self);
        } else if (self->depth > 0) {
            made = next_name(self);
        } else {
            return 0;
        }
        if (made)
            return self->digesting ? give_digest(self, item) : give_entry(self, item);
    }
}
