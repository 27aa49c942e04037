/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance-directory.h"

#include "base/file-tree.h"
#include "base/text-format.h"
#include "libvirt/hypervisor-libvirt.h"
#include "wire/session.h"
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/un.h>

#define ROOT_BASE "/run/virt-live-tools"
#define WITHOUT_KVM "without-kvm"

const struct hypervisor_driver *const appliance_directory_driver = &hypervisor_libvirt;

struct appliance_directory {
    char *name;
    char *path; /* BASE/NAME */
    char *root;
    char *uri, *uuid;
    bool launched, without_kvm;
    int fd; /* of path; its lock is the appliance's */
};

void appliance_directory_free(appliance_directory *self)
{
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    free(self->name);
    free(self->path);
    free(self->root);
    free(self->uri);
    free(self->uuid);
    free(self);
}

const char *appliance_directory_name(const appliance_directory *self)
{
    return self->name;
}

const char *appliance_directory_root(const appliance_directory *self)
{
    return self->root;
}

bool appliance_directory_without_kvm(const appliance_directory *self)
{
    return self->without_kvm;
}

const char *appliance_directory_uri(const appliance_directory *self)
{
    return self->uri;
}

const char *appliance_directory_uuid(const appliance_directory *self)
{
    return self->uuid;
}

char *appliance_directory_memory(const appliance_directory *self)
{
    return text_format("%s/ram", self->root);
}

/* --- names and paths --- */

static bool valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > APPLIANCE_DIRECTORY_NAME_MAX || !g_ascii_isalnum(*name))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return true;
}

int appliance_directory_check_name(const char *name, error **err)
{
    if (valid(name))
        return 0;
    return error_set(err, ERROR_REFUSED,
                     "\"%s\" cannot be an appliance's name: 1-%d letters, digits, - and _, and the "
                     "first is a letter or a digit",
                     name, APPLIANCE_DIRECTORY_NAME_MAX);
}

static char *base_path(void)
{
    const char *own = getenv("VIRT_LIVE_TOOLS_RUNTIME"), *runtime = getenv("XDG_RUNTIME_DIR");
    if (own && *own == '/')
        return strdup(own);
    if (geteuid() == 0)
        return strdup(ROOT_BASE);
    if (runtime && *runtime == '/')
        return text_format("%s/virt-live-tools", runtime);
    return text_format("/tmp/virt-live-tools-%u", (unsigned)geteuid());
}

/* Ours, and not writable by others: in /tmp another user may have made it first. */
static int check_base(int fd, const char *path, error **err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "%s", path);
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return error_set(err, ERROR_REFUSED,
                         "%s belongs to another user, or other users may write it", path);
    return 0;
}

/* -1 and errno ENOENT, no *err: there is none, and `make` was not asked for. */
static int open_base(bool make, char **path, error **err)
{
    *path = base_path();
    if (!*path)
        return error_set(err, ERROR_REFUSED, "no memory");
    /* The sandboxed user has to pass. */
    if (make && mkdir(*path, geteuid() == 0 ? 0711 : 0700) < 0 && errno != EEXIST)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot make %s", *path);
    AUTO_FD int fd = open(*path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return -1;
    if (fd < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot open %s", *path);
    return check_base(fd, *path, err) < 0 ? -1 : steal_fd(&fd);
}

static appliance_directory *make_object(const char *base, const char *name, error **err)
{
    appliance_directory *self = calloc(1, sizeof *self);
    if (self) {
        self->fd = -1;
        self->name = strdup(name);
        self->path = text_format("%s/%s", base, name);
        self->root = text_format("%s/%s/root", base, name);
    }
    if (self && self->name && self->path && self->root)
        return self;
    appliance_directory_free(self);
    error_set(err, ERROR_REFUSED, "no memory");
    return NULL;
}

/* --- locks --- */

#define SESSION_NAME 32

static const char *session_name(int number, char name[SESSION_NAME])
{
    snprintf(name, SESSION_NAME, "session-%d", number);
    return name;
}

/* A directory that is removed while we wait for its lock is not the appliance's any more. Nothing
 * is made in it to find out: that would keep it from being removed. */
int appliance_directory_lock(appliance_directory *self, error **err)
{
    struct stat held, there;
    while (flock(self->fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return error_set_errno(err, ERROR_REFUSED, errno, "cannot lock it");
    if (fstat(self->fd, &held) < 0)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot lock it");
    return lstat(self->path, &there) < 0 || held.st_dev != there.st_dev ||
           held.st_ino != there.st_ino;
}

void appliance_directory_unlock(appliance_directory *self)
{
    flock(self->fd, LOCK_UN);
}

bool appliance_directory_busy(const appliance_directory *self)
{
    if (flock(self->fd, LOCK_SH | LOCK_NB) < 0)
        return true;
    flock(self->fd, LOCK_UN);
    return false;
}

static int was_shut_down(error **err)
{
    return error_set(err, ERROR_REFUSED, "it was shut down while this command waited for it");
}

int appliance_directory_take_session(const appliance_directory *self, int *lock, error **err)
{
    char name[SESSION_NAME];
    for (int number = 0; number < SESSION_PORTS; number++) {
        AUTO_FD int fd =
            openat(self->fd, session_name(number, name), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return errno == ENOENT ? was_shut_down(err)
                                   : error_set_errno(err, ERROR_REFUSED, errno, "%s", name);
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            *lock = steal_fd(&fd);
            return number;
        }
    }
    return error_set(err, ERROR_REFUSED, "%d commands are running in it already", SESSION_PORTS);
}

pid_t appliance_directory_qemu(const appliance_directory *self)
{
    return appliance_directory_driver->find_process(self->root);
}

bool appliance_directory_alive(const appliance_directory *self)
{
    return self->launched && (self->uri || appliance_directory_qemu(self) != 0);
}

/* --- one that is there --- */

/* *text stays NULL where there is no such file. */
static int read_text(const appliance_directory *self, const char *name, char **text, error **err)
{
    char read_there[1024];
    AUTO_FD int fd = openat(self->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, ERROR_REFUSED, errno, "%s", name);
    ssize_t length = read(fd, read_there, sizeof read_there);
    if (length > 0 && length < (ssize_t)sizeof read_there)
        *text = strndup(read_there, (size_t)length);
    return *text ? 0 : error_set(err, ERROR_REFUSED, "its %s cannot be read", name);
}

static appliance_directory *find(const char *name, bool lock, error **err)
{
    AUTO_FREE char *base = NULL;
    if (appliance_directory_check_name(name, err) < 0)
        return NULL;
    AUTO_FD int base_fd = open_base(false, &base, err);
    if (base_fd < 0 && err && *err)
        return NULL;
    AUTO_APPLIANCE_DIRECTORY appliance_directory *self = make_object(base, name, err);
    if (!self)
        return NULL;
    if (base_fd >= 0)
        self->fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (self->fd < 0) {
        error_set(err, ERROR_REFUSED, "there is no appliance of that name (in %s)", base);
        return NULL;
    }
    int locked = lock ? appliance_directory_lock(self, err) : 0;
    if (locked > 0)
        was_shut_down(err);
    if (locked != 0 || read_text(self, "uuid", &self->uuid, err) < 0 ||
        read_text(self, "uri", &self->uri, err) < 0)
        return NULL;
    self->launched = faccessat(self->fd, "launched", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    self->without_kvm = faccessat(self->fd, WITHOUT_KVM, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return STEAL(self);
}

appliance_directory *appliance_directory_open(const char *name, error **err)
{
    return find(name, true, err);
}

appliance_directory *appliance_directory_find(const char *name, error **err)
{
    return find(name, false, err);
}

/* --- a new one --- */

static int make_file(const appliance_directory *self, const char *name, const char *text,
                     error **err)
{
    AUTO_FD int fd = openat(self->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t length = strlen(text);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length)
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot write %s/%s", self->path, name);
    return 0;
}

static int fill(appliance_directory *self, const struct sandbox *box, const char *uri, error **err)
{
    char name[SESSION_NAME];
    int locked = appliance_directory_lock(self, err);
    if (locked != 0)
        return locked > 0 ? was_shut_down(err) : -1;
    for (int number = 0; number < SESSION_PORTS; number++)
        if (make_file(self, session_name(number, name), "", err) < 0)
            return -1;
    self->uuid = g_uuid_string_random();
    if (make_file(self, "uuid", self->uuid, err) < 0)
        return -1;
    if (mkdirat(self->fd, "root", 0700) < 0 ||
        (box->drop && fchownat(self->fd, "root", box->uid, box->gid, AT_SYMLINK_NOFOLLOW) < 0))
        return error_set_errno(err, ERROR_REFUSED, errno, "cannot make %s", self->root);
    self->without_kvm = box->without_kvm;
    if (self->without_kvm && make_file(self, WITHOUT_KVM, "", err) < 0)
        return -1;
    if (!uri)
        return 0;
    self->uri = strdup(uri);
    return self->uri ? make_file(self, "uri", uri, err)
                     : error_set(err, ERROR_REFUSED, "no memory");
}

int appliance_directory_launched(appliance_directory *self, error **err)
{
    self->launched = make_file(self, "launched", "", err) == 0;
    return self->launched ? 0 : -1;
}

static int check_room(const appliance_directory *self, error **err)
{
    if (strlen(self->root) + appliance_directory_driver->socket_room <
        sizeof((struct sockaddr_un *)NULL)->sun_path)
        return 0;
    return error_set(err, ERROR_REFUSED,
                     "the path %s is too long for the Unix sockets below it: take a shorter --name",
                     self->path);
}

/* 1: the name is taken. */
static int create(appliance_directory *self, int base_fd, const struct sandbox *box, error **err)
{
    if (check_room(self, err) < 0)
        return -1;
    if (mkdirat(base_fd, self->name, box->drop ? 0711 : 0700) < 0)
        return errno == EEXIST
                   ? 1
                   : error_set_errno(err, ERROR_REFUSED, errno, "cannot make %s", self->path);
    self->fd = openat(base_fd, self->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return self->fd < 0 ? error_set_errno(err, ERROR_REFUSED, errno, "cannot open %s", self->path)
                        : 0;
}

static char *random_name(void)
{
    uint32_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return NULL;
    return text_format("appliance-%06x", number & 0xffffff);
}

/* NULL without *err: the name is taken. */
static appliance_directory *try_name(const char *base, int base_fd, const char *name,
                                     const struct sandbox *box, const char *uri, error **err)
{
    AUTO_APPLIANCE_DIRECTORY appliance_directory *self = make_object(base, name, err);
    if (!self || create(self, base_fd, box, err) != 0)
        return NULL;
    if (fill(self, box, uri, err) < 0) {
        appliance_directory_remove(self, NULL);
        return NULL;
    }
    return STEAL(self);
}

appliance_directory *appliance_directory_new(const char *name, const struct sandbox *box,
                                             const char *uri, error **err)
{
    AUTO_FREE char *base = NULL;
    AUTO_ERROR error *failed = NULL;
    appliance_directory *self = NULL;
    if (name && appliance_directory_check_name(name, err) < 0)
        return NULL;
    AUTO_FD int base_fd = open_base(true, &base, &failed);
    for (int tries = 0; base_fd >= 0 && !self && !failed && tries < (name ? 1 : 100); tries++) {
        AUTO_FREE char *chosen = name ? strdup(name) : random_name();
        if (chosen)
            self = try_name(base, base_fd, chosen, box, uri, &failed);
    }
    if (self)
        return self;
    if (failed)
        error_propagate(err, STEAL(failed));
    else
        error_set(err, ERROR_REFUSED, "there is an appliance of that name: %s/%s", base,
                  name ? name : "");
    return NULL;
}

int appliance_directory_remove(appliance_directory *self, error **err)
{
    int removed = file_tree_remove(AT_FDCWD, self->path);
    return removed < 0
               ? error_set_errno(err, ERROR_REFUSED, -removed, "cannot remove %s", self->path)
               : 0;
}

/* --- all --- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int appliance_directory_list(char ***names, size_t *count, error **err)
{
    AUTO_FREE char *base = NULL;
    GPtrArray *found = g_ptr_array_new();
    AUTO_FD int fd = open_base(false, &base, err);
    bool failed = fd < 0 && err && *err;
    AUTO_DIR DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory)
        steal_fd(&fd);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (valid(entry->d_name))
            g_ptr_array_add(found, strdup(entry->d_name));
    *count = found->len;
    *names = (char **)g_ptr_array_free(found, FALSE);
    if (*count > 0)
        qsort(*names, *count, sizeof **names, compare);
    return failed ? -1 : 0;
}
