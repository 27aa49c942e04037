/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ostree-deployment.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "guest-file.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DEPLOYMENTS "ostree/deploy"

/* Of more entries, names and deployments the rest is not looked at. */
#define NAMES_MAX 256
#define ENTRY_SIZE_MAX (64 * 1024)

static bool is_directory(int root, const char *path)
{
    AUTO_FD int fd = safe_open_open(root, path, O_PATH | O_DIRECTORY);
    return fd >= 0;
}

bool ostree_deployment_there(int root)
{
    return is_directory(root, DEPLOYMENTS) && is_directory(root, "ostree/repo");
}

/* ---- names ---- */

/* Calls `each` with the names in a directory, as far as NAMES_MAX. */
static void for_each_name(int root, const char *path, void (*each)(void *data, const char *name),
                          void *data)
{
    AUTO_FD int fd = safe_open_open(root, path, O_RDONLY | O_DIRECTORY);
    AUTO_DIR DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    if (!entries)
        return;
    steal_fd(&fd); /* the stream's now */
    for (unsigned i = 0; i < NAMES_MAX && (entry = readdir(entries)); i++)
        if (entry->d_name[0] != '.')
            each(data, entry->d_name);
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

/* ---- entries of the boot loader ---- */

/* The next line, without white space before it; false: no more. */
static bool next_line(const char **at, const char *end, const char **line, size_t *length)
{
    while (*at < end && strchr(" \t\r\n", **at))
        ++*at;
    const char *newline = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    *line = *at;
    *at = newline ? newline : end;
    *length = (size_t)(*at - *line);
    return *length > 0;
}

/* The value of a line with that key, and its length; NULL: it has another key. */
static const char *value_of(const char *line, size_t *length, const char *key)
{
    size_t size = strlen(key), skip = size;
    if (*length <= size || memcmp(line, key, size) != 0 || !strchr(" \t", line[size]))
        return NULL;
    while (skip < *length && strchr(" \t", line[skip]))
        skip++;
    *length -= skip;
    return line + skip;
}

static bool take_option(const char *options, size_t length, char path[OSTREE_PATH_MAX])
{
    static const char name[] = "ostree=";
    const size_t size = sizeof name - 1;
    for (size_t at = 0; at < length;) {
        size_t word = 0;
        while (at + word < length && !strchr(" \t\r", options[at + word]))
            word++;
        if (word > size && word - size < OSTREE_PATH_MAX && memcmp(options + at, name, size) == 0) {
            memcpy(path, options + at + size, word - size);
            path[word - size] = '\0';
            return true;
        }
        at += word + 1;
    }
    return false;
}

bool ostree_deployment_parse(const char *text, size_t length, char path[OSTREE_PATH_MAX],
                             uint64_t *version)
{
    const char *at = text, *end = text + length, *line;
    size_t size;
    bool found = false;
    *version = 0;
    while (next_line(&at, end, &line, &size)) {
        size_t rest = size;
        const char *value = value_of(line, &rest, "version");
        for (size_t i = 0; value && i < rest && value[i] >= '0' && value[i] <= '9' && i < 18; i++)
            *version = (i == 0 ? 0 : *version * 10) + (uint64_t)(value[i] - '0');
        rest = size;
        value = value_of(line, &rest, "options");
        found = (value && take_option(value, rest, path)) || found;
    }
    return found && !strchr(path, '\n');
}

/* "…deploy/NAME/deploy/COMMIT.N" as the link has it. */
static bool take_target(char *link, struct ostree_deployment *found)
{
    char *commit = strrchr(link, '/');
    if (!commit || commit == link)
        return false;
    *commit++ = '\0';
    if (!ends_with(link, "/deploy"))
        return false;
    link[strlen(link) - strlen("/deploy")] = '\0';
    char *name = strrchr(link, '/');
    if (!name || !*++name || !*commit || strcmp(name, "..") == 0 || strcmp(commit, "..") == 0)
        return false;
    snprintf(found->path, sizeof found->path, DEPLOYMENTS "/%.255s/deploy/%.255s", name, commit);
    snprintf(found->var, sizeof found->var, DEPLOYMENTS "/%.255s/var", name);
    return true;
}

/* What the path behind ostree= leads to. */
static bool resolve(int root, const char *path, struct ostree_deployment *found)
{
    char target[OSTREE_PATH_MAX];
    AUTO_FD int link = safe_open_open(root, path, O_PATH | O_NOFOLLOW);
    ssize_t length = link < 0 ? -1 : readlinkat(link, "", target, sizeof target - 1);
    if (length <= 0)
        return false;
    target[length] = '\0';
    return take_target(target, found) && is_directory(root, found->path);
}

struct entries {
    int root, boot;
    const char *directory;
    struct ostree_deployment *found;
    bool better;
};

static void take_entry(void *data, const char *name)
{
    struct entries *self = data;
    char path[512], link[OSTREE_PATH_MAX];
    struct ostree_deployment one = {0};
    AUTO_FREE char *text = NULL;
    snprintf(path, sizeof path, "%s/%.255s", self->directory, name);
    ssize_t length =
        ends_with(name, ".conf") ? guest_file_read(self->boot, path, ENTRY_SIZE_MAX, &text) : -1;
    if (length <= 0 || !ostree_deployment_parse(text, (size_t)length, link, &one.version) ||
        (self->found->path[0] && one.version <= self->found->version) ||
        !resolve(self->root, link, &one))
        return;
    *self->found = one;
    self->better = true;
}

bool ostree_deployment_of_entries(int root, int boot, struct ostree_deployment *found)
{
    struct entries self = {.root = root, .boot = boot, .found = found};
    self.directory = "loader/entries";
    for_each_name(boot, self.directory, take_entry, &self);
    self.directory = "boot/loader/entries";
    for_each_name(boot, self.directory, take_entry, &self);
    return self.better;
}

struct booting {
    int boot;
    bool any;
};

static void look_at_entry(void *data, const char *name)
{
    struct booting *self = data;
    char path[512], link[OSTREE_PATH_MAX];
    uint64_t version;
    AUTO_FREE char *text = NULL;
    if (self->any || !ends_with(name, ".conf"))
        return;
    snprintf(path, sizeof path, "loader/entries/%.255s", name);
    ssize_t length = guest_file_read(self->boot, path, ENTRY_SIZE_MAX, &text);
    self->any = length > 0 && ostree_deployment_parse(text, (size_t)length, link, &version);
}

bool ostree_deployment_boots(int boot)
{
    struct booting self = {.boot = boot};
    for_each_name(boot, "loader/entries", look_at_entry, &self);
    return self.any;
}

/* ---- without entries ---- */

struct newest {
    int root;
    const char *name; /* of the group whose deployments are looked at */
    struct timespec when;
    struct ostree_deployment *found;
};

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* COMMIT.N.origin is written when it is deployed; the times of the files in it mean nothing. */
static void take_deployment(void *data, const char *file)
{
    struct newest *self = data;
    static const char end[] = ".origin";
    char path[OSTREE_PATH_MAX];
    struct stat status;
    if (!ends_with(file, end))
        return;
    snprintf(path, sizeof path, DEPLOYMENTS "/%.255s/deploy/%.255s", self->name, file);
    AUTO_FD int fd = safe_open_open(self->root, path, O_PATH | O_NOFOLLOW);
    path[strlen(path) - (sizeof end - 1)] = '\0';
    if (fd < 0 || fstat(fd, &status) < 0 || !is_directory(self->root, path) ||
        (self->found->path[0] && !is_later(&status.st_mtim, &self->when)))
        return;
    self->when = status.st_mtim;
    snprintf(self->found->path, sizeof self->found->path, "%s", path);
    snprintf(self->found->var, sizeof self->found->var, DEPLOYMENTS "/%.255s/var", self->name);
}

static void take_name(void *data, const char *name)
{
    struct newest *self = data;
    char path[OSTREE_PATH_MAX];
    snprintf(path, sizeof path, DEPLOYMENTS "/%.255s/deploy", name);
    self->name = name;
    for_each_name(self->root, path, take_deployment, self);
}

bool ostree_deployment_newest(int root, struct ostree_deployment *found)
{
    struct newest self = {.root = root, .found = found};
    *found = (struct ostree_deployment){0};
    for_each_name(root, DEPLOYMENTS, take_name, &self);
    return found->path[0] != '\0';
}
