/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template-cache.h"

#include "base/file-tree.h"
#include "base/sparse-sum.h"
#include "base/text-format.h"
#include "template-capabilities.h"
#include "template-memory.h"
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define ASIDE ".aside" /* behind the name of a template that is set aside; both expire alike */

#define INFO_FORMAT                                                                                \
    "virt-live-tools template 2\nram %" PRIu64 " %016" PRIx64 "\nstate %" PRIu64 " %016" PRIx64 "\n"

char *template_cache_directory(void)
{
    const char *own = getenv("VIRT_LIVE_TOOLS_CACHE");
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && own[0] == '/')
        return strdup(own);
    if (geteuid() == 0)
        return strdup(TEMPLATE_SYSTEM_DIR);
    if (cache && cache[0] == '/')
        return text_format("%s/virt-live-tools", cache);
    return home && home[0] == '/' ? text_format("%s/.cache/virt-live-tools", home) : NULL;
}

/* --- the key --- */

static void hash_text(GChecksum *sum, const char *text)
{
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

/* A file that was replaced or rewritten has another inode, size or time. */
static int hash_file(GChecksum *sum, const char *path, error **err)
{
    struct stat st;
    char words[256];
    if (stat(path, &st) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot look at %s", path);
    snprintf(words, sizeof words, "%ju %ju %jd %jd.%09ld %jd.%09ld", (uintmax_t)st.st_dev,
             (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
             st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
    hash_text(sum, path);
    hash_text(sum, words);
    return 0;
}

/* The processor's model and flags matter where the guest sees them, under KVM; TCG's is always the
 * same. */
static void hash_processor(GChecksum *sum)
{
    char line[8192];
    AUTO_FILE FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file) && line[0] != '\n')
        if (!strstr(line, "MHz") && !strstr(line, "bogomips") && !strstr(line, "apicid") &&
            !strstr(line, "processor\t"))
            hash_text(sum, line);
}

/* What the driver says of the machine: its programs, and what the guest sees of it. */
static int hash_machine(GChecksum *sum, const struct appliance_config *config,
                        const struct hypervisor_driver *driver, error **err)
{
    struct hypervisor_fingerprint print;
    struct machine_spec spec = {
        .accel = config->accel,
        .memory_mib = config->memory_mib,
        .kernel = config->files.kernel,
        .initrd = config->files.initrd,
        .root_drive = config->files.root_drive,
        .architecture = config->files.architecture,
        .console_path = "console",
        .memory_path = "ram",
        .sessions = config->hotplug,
        .reserved = appliance_reserved(config),
    };
    if (driver->fingerprint(&spec, &print, err) < 0)
        return -1;
    int result = 0;
    for (size_t i = 0; result == 0 && i < HYPERVISOR_PROGRAMS && print.programs[i]; i++)
        result = hash_file(sum, print.programs[i], err);
    hash_text(sum, print.machine);
    free(print.machine);
    return result;
}

char *template_key(const struct appliance_config *config, const struct hypervisor_driver *driver,
                   const char *host, error **err)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    char *key = NULL;
    hash_text(sum, PACKAGE_VERSION);
    hash_text(sum, host);
    if (strcmp(config->accel, "kvm") == 0)
        hash_processor(sum);
    if (hash_file(sum, config->files.kernel, err) == 0 &&
        hash_file(sum, config->files.initrd, err) == 0 &&
        hash_file(sum, config->files.root_drive, err) == 0 &&
        hash_machine(sum, config, driver, err) == 0) {
        key = strndup(g_checksum_get_string(sum), 32);
        if (!key)
            error_no_memory(err);
    }
    g_checksum_free(sum);
    return key;
}

/* --- looking at one --- */

/* Ours or root's, and not writable by others. */
static bool trusted(const struct stat *st)
{
    return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

struct part {
    uint64_t size, sum;
};

static int look_at_part(int directory, const char *name, struct part *part)
{
    struct stat st;
    AUTO_FD int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return -1;
    part->size = (uint64_t)st.st_size;
    return sparse_sum(fd, part->size, &part->sum);
}

static bool part_trusted(int directory, const char *name)
{
    struct stat st;
    return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           trusted(&st);
}

static bool describe(int directory, char *text, size_t length)
{
    struct part ram, state;
    if (look_at_part(directory, "ram", &ram) < 0 || look_at_part(directory, "state", &state) < 0)
        return false;
    snprintf(text, length, INFO_FORMAT, ram.size, ram.sum, state.size, state.sum);
    return true;
}

#define INFO_ROOM 256

/* NULL: it is what we or root have made, and what it should be is in `expected`. Otherwise what is
 * wrong with it. */
static const char *distrust(int directory, char expected[INFO_ROOM])
{
    struct stat st;
    if (fstat(directory, &st) < 0 || !trusted(&st) || !part_trusted(directory, "ram") ||
        !part_trusted(directory, "state") || !part_trusted(directory, "info"))
        return "others could have written it";
    AUTO_FD int fd = openat(directory, "info", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, expected, INFO_ROOM - 1);
    if (length <= 0)
        return "it is not complete";
    expected[length] = 0;
    return NULL;
}

/* NULL: it is good. */
static const char *find_fault(int directory, const char *path,
                              const struct template_watcher *watcher)
{
    char expected[INFO_ROOM], found[INFO_ROOM];
    const char *fault = distrust(directory, expected);
    if (fault)
        return fault;
    if (watcher)
        watcher->glimpsed(watcher->data, path);
    if (!describe(directory, found, sizeof found) || strcmp(expected, found) != 0)
        return "it is damaged";
    return NULL;
}

/* The cache's own directory. Who may write it, or chose where a link leads, could put another
 * template in the place of one that was looked at. -1 and errno; EPERM: it is not to be trusted. */
static int open_cache(const char *path)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (!trusted(&st)) {
        errno = EPERM;
        return -1;
    }
    return steal_fd(&fd);
}

/* Removes one that is bad, so that it is built anew; what cannot be removed stays unused. */
static int try_directory(const char *cache, const char *key, const struct template_watcher *watcher,
                         char **directory, char **why)
{
    AUTO_FREE char *path = text_format("%s/template-%s", cache, key);
    if (!path)
        return 0;
    AUTO_FD int cache_fd = open_cache(cache);
    if (cache_fd < 0 && errno == EPERM) {
        free(*why);
        *why = text_format("%s is not used: it belongs to another user, or others may write it",
                           cache);
    }
    AUTO_FD int fd = cache_fd < 0 ? -1
                                  : openat(cache_fd, strrchr(path, '/') + 1,
                                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const char *fault = find_fault(fd, path, watcher);
    if (!fault) {
        futimens(fd,
                 NULL); /* it is in use: prune() looks at that; where it is another's, they prune */
        *directory = STEAL(path);
        return 1;
    }
    free(*why);
    *why = text_format("the saved appliance %s is not used: %s", path, fault);
    file_tree_remove(cache_fd, strrchr(path, '/') + 1);
    return 0;
}

int template_find(const char *key, const struct template_watcher *watcher, char **directory,
                  char **why)
{
    AUTO_FREE char *own = template_cache_directory();
    *why = NULL;
    if (own && try_directory(own, key, watcher, directory, why))
        return 1;
    return geteuid() == 0 ? 0 : try_directory(TEMPLATE_SYSTEM_DIR, key, watcher, directory, why);
}

static void rename_aside(const char *directory, bool back)
{
    AUTO_FREE char *aside = text_format("%s" ASIDE, directory);
    if (!aside)
        return;
    if (!back)
        file_tree_remove(AT_FDCWD, aside);
    if (rename(back ? aside : directory, back ? directory : aside) < 0 && back)
        file_tree_remove(AT_FDCWD, aside); /* there is a new one, or there was none */
}

void template_discard(const char *directory)
{
    rename_aside(directory, false);
}

void template_put_back(const char *key)
{
    AUTO_FREE char *cache = template_cache_directory();
    AUTO_FREE char *name = cache ? text_format("%s/template-%s", cache, key) : NULL;
    if (name)
        rename_aside(name, true);
}

/* --- making one --- */

static int make_directory(const char *path, mode_t mode)
{
    AUTO_FREE char *parent = strdup(path);
    char *slash = parent ? strrchr(parent, '/') : NULL;
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT || !slash || slash == parent)
        return -1;
    *slash = 0;
    return make_directory(parent, mode) < 0 ? -1 : mkdir(path, mode);
}

static char *make_temporary(const char *parent, const struct sandbox *box)
{
    char *path = text_format("%s/building-XXXXXX", parent);
    if (!path)
        return NULL;
    if (mkdtemp(path) && (!box->drop || chown(path, box->uid, box->gid) == 0))
        return path;
    int saved = errno;
    rmdir(path);
    free(path);
    errno = saved;
    return NULL;
}

/* The memory of an appliance and its state; the file systems that caches are on are larger. */
#define ROOM_NEEDED ((uint64_t)256 << 20)

/* What is no longer needed: templates that have not been used for a month (each build of the
 * appliance has another), and those that were never finished. */
#define UNUSED_AFTER ((time_t)30 * 24 * 3600)
#define UNFINISHED_AFTER ((time_t)3600)

static bool expired(int cache, const char *name)
{
    struct stat st;
    time_t limit = strncmp(name, "template-", 9) == 0   ? UNUSED_AFTER
                   : strncmp(name, "building-", 9) == 0 ? UNFINISHED_AFTER
                                                        : 0;
    return limit > 0 && fstatat(cache, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           time(NULL) - st.st_mtime > limit;
}

static void prune(const char *path)
{
    AUTO_FD int fd = open_cache(path);
    AUTO_DIR DIR *cache = fd < 0 ? NULL : fdopendir(fd);
    if (cache)
        steal_fd(&fd);
    for (struct dirent *entry; cache && (entry = readdir(cache));)
        if (expired(dirfd(cache), entry->d_name))
            file_tree_remove(dirfd(cache), entry->d_name);
}

static bool may_be_used(const char *path)
{
    AUTO_FD int fd = open_cache(path);
    return fd >= 0;
}

static bool has_room(const char *path)
{
    struct statvfs fs;
    if (statvfs(path, &fs) < 0)
        return false;
    if ((uint64_t)fs.f_bavail * fs.f_frsize >= ROOM_NEEDED)
        return true;
    errno = ENOSPC;
    return false;
}

/* The sandboxed user makes it, and so gets to it. */
static bool can_be_entered(const char *path, const struct sandbox *box)
{
    if (sandbox_can_enter(box, path))
        return true;
    errno = EACCES;
    return false;
}

char *template_begin(const struct sandbox *box, const char *fallback, bool *cached, char **why,
                     error **err)
{
    AUTO_FREE char *cache = template_cache_directory();
    char *begun = NULL;
    *why = NULL;
    if (cache)
        prune(cache);
    /* Root's is for everybody. */
    *cached = cache && make_directory(cache, geteuid() == 0 ? 0755 : 0700) == 0 &&
              may_be_used(cache) && has_room(cache) && can_be_entered(cache, box) &&
              (begun = make_temporary(cache, box)) != NULL;
    if (*cached)
        return begun;
    *why = text_format("the appliance cannot be saved for the next command: %s: %s",
                       cache ? cache : "no cache directory", strerror(errno));
    begun = make_temporary(fallback, box);
    if (!begun)
        error_set_errno(err, ERROR_HOST, errno, "cannot make a directory in %s", fallback);
    return begun;
}

/* Whether the builder made it, or we did, and only for this: another name of a file elsewhere would
 * be given the mode and the owner that we give. */
static bool is_builders(const struct stat *st, uid_t builder)
{
    if (st->st_uid != builder && st->st_uid != geteuid())
        return false;
    return S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_nlink == 1);
}

/* From here on the sandboxed user cannot change it, nor does a power failure. -1 and errno. */
static int seal(int directory, const char *name, mode_t mode, uid_t builder)
{
    struct stat st;
    AUTO_FD int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (!is_builders(&st, builder)) {
        errno = EPERM;
        return -1;
    }
    if (fchown(fd, geteuid(), getegid()) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return -1;
    return 0;
}

/* What is in the directory, and it. One that is not there is fine. */
static int seal_directory(int parent, const char *name, uid_t builder)
{
    AUTO_DIR DIR *directory = NULL;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return -1;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && seal(fd, entry->d_name, 0444, builder) < 0)
            return -1;
    return seal(fd, ".", 0755, builder);
}

/* The memory, before it is sealed. It is as good if that fails. */
static void dig(int directory, uid_t builder)
{
    struct stat st;
    AUTO_FD int fd = openat(directory, "ram", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && is_builders(&st, builder))
        template_memory_dig(fd);
}

static int write_info(int directory)
{
    char text[256];
    AUTO_FD int fd = openat(directory, "info", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || !describe(directory, text, sizeof text))
        return -1;
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return -1;
    return seal(directory, "info", 0444, geteuid());
}

static int publish(const char *begun, const char *cache, const char *key, char **directory,
                   char **why, error **err)
{
    AUTO_FREE char *name = text_format("%s/template-%s", cache, key);
    if (!name)
        return error_no_memory(err);
    int failed = rename(begun, name) < 0 ? errno : 0;
    if (failed == EEXIST || failed == ENOTEMPTY || failed == ENOTDIR) {
        if (try_directory(cache, key, NULL, directory, why)) {
            template_capabilities_exchange(begun, *directory); /* the fresh ones are right */
            file_tree_remove(AT_FDCWD, begun);
            return 0;
        }
        file_tree_remove(AT_FDCWD, name); /* it may be no directory */
        failed = rename(begun, name) < 0 ? errno : 0;
    }
    if (failed)
        return error_set_errno(err, ERROR_HOST, failed, "cannot rename %s to %s", begun, name);
    AUTO_FREE char *aside = text_format("%s" ASIDE, name);
    if (aside)
        file_tree_remove(AT_FDCWD, aside);
    *directory = STEAL(name);
    return 0;
}

int template_finish(const char *begun, const char *key, bool cached, char **directory, char **why,
                    error **err)
{
    AUTO_FREE char *cache = template_cache_directory();
    AUTO_FD int fd = open(begun, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st = {.st_uid = 0}; /* the builder's: template_begin() gave it the directory */
    *why = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0)
        dig(fd, st.st_uid);
    if (fd < 0 || seal(fd, ".", 0755, st.st_uid) < 0 || seal(fd, "ram", 0444, st.st_uid) < 0 ||
        seal(fd, "state", 0444, st.st_uid) < 0 ||
        seal_directory(fd, TEMPLATE_CAPABILITIES, st.st_uid) < 0 || write_info(fd) < 0 ||
        fsync(fd) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot keep the saved appliance %s", begun);
    if (!cached) {
        *directory = strdup(begun);
        return *directory ? 0 : error_no_memory(err);
    }
    return publish(begun, cache, key, directory, why, err);
}
