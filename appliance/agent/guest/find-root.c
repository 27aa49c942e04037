/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find-root.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "btrfs-roots.h"
#include "fstab.h"
#include "guest-file.h"
#include "partition-places.h"
#include "root-copy.h"
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

/* Of more than that the error names these. */
#define ROOTS_MAX 8

/* Filesystems that stay mounted until it is known where they belong. */
#define MOUNTED_MAX 16

/* linux/btrfs_tree.h: the subvolume that all others are in. */
#define BTRFS_TOP "subvolid=5"

struct search {
    volume_table *all;
    struct log_lines *notes;
    struct find_root_root roots[ROOTS_MAX];
    size_t count;
    size_t mounted;
};

static void add_root(struct search *self, struct content *what, enum root_kind kind,
                     const char *subvolume, int directory)
{
    AUTO_FD int fd = directory;
    if (self->count == ROOTS_MAX)
        return;
    struct find_root_root *root = &self->roots[self->count++];
    root->what = what;
    root->kind = kind;
    root->directory = steal_fd(&fd);
    snprintf(root->subvolume, sizeof root->subvolume, "%s", subvolume);
}

static int try_mount(struct search *self, struct content *what, const char *options)
{
    struct mount_outcome outcome;
    int fd = volume_table_mount(self->all, what, "", options, &outcome);
    if (fd >= 0)
        return fd;
    log_lines_add(self->notes, "%s: not mounted: %s", what->name, outcome.message);
    what->status = outcome.status;
    snprintf(what->message, sizeof what->message, "%s", outcome.message);
    return -1;
}

/* ---- btrfs ---- */

/* The subvolume that is mounted by default is no root (on SUSE it is one). */
static void try_subvolumes(struct search *self, struct content *what)
{
    char options[SUBVOLUME_MAX + 16];
    struct btrfs_root found[ROOTS_MAX];
    AUTO_FD int top = try_mount(self, what, BTRFS_TOP);
    if (top < 0)
        return;
    size_t count = btrfs_roots_find(top, found, ROOTS_MAX);
    for (size_t i = 0; i < count; i++) {
        snprintf(options, sizeof options, "subvol=/%s", found[i].path + (*found[i].path == '/'));
        int fd = try_mount(self, what, options);
        if (fd >= 0)
            add_root(self, what, found[i].kind, found[i].path, fd);
    }
}

/* ---- all ---- */

static void try_content(struct search *self, struct content *what)
{
    if (what->kind != CONTENT_FILESYSTEM || what->status != STATUS_OK)
        return;
    AUTO_FD int fd = try_mount(self, what, "");
    if (fd < 0)
        return;
    enum root_kind kind = detect_os(fd, what->fstype);
    if (kind != ROOT_NONE) {
        add_root(self, what, kind, "", steal_fd(&fd));
        return;
    }
    if (strcmp(what->fstype, "btrfs") == 0)
        try_subvolumes(self, what);
    if (self->mounted < MOUNTED_MAX) {
        what->mounted = steal_fd(&fd);
        self->mounted++;
    }
}

/* ---- by types of partitions ---- */

/* A root in which nothing says so, as everything is in a /usr of its own: of Flatcar, whose /etc
 * has only what differs from /usr/share/flatcar/etc, or of a system that makes its /etc when it
 * boots. */
static void try_types(struct search *self)
{
    const struct content *usr = partition_places_usr(self->all);
    for (size_t i = 0; usr && i < volume_table_count(self->all); i++) {
        struct content *what = volume_table_at(self->all, i);
        if (what == usr || what->mounted < 0 || !partition_places_is_root(what->part_type) ||
            !(partition_places_free(what->mounted) & partition_places_bit("/usr")))
            continue;
        int fd = openat(what->mounted, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            add_root(self, what, ROOT_LINUX, "", fd);
    }
}

/* ---- OSTree ---- */

/* Which deployment is booted: what the boot loader's entries say, wherever they are; without any
 * the newest one. false: there is none, so this is no root. */
static bool choose_deployment(struct search *self, struct find_root_root *root)
{
    struct ostree_deployment *found = &root->deployment;
    ostree_deployment_of_entries(root->directory, root->directory, found);
    for (size_t i = 0; i < volume_table_count(self->all); i++) {
        struct content *what = volume_table_at(self->all, i);
        if (what->mounted >= 0 &&
            ostree_deployment_of_entries(root->directory, what->mounted, found))
            root->boot = what;
    }
    return found->path[0] || ostree_deployment_newest(root->directory, found);
}

static void choose_deployments(struct search *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        struct find_root_root *root = &self->roots[i];
        if (root->kind != ROOT_OSTREE || choose_deployment(self, root)) {
            self->roots[kept++] = *root;
            continue;
        }
        log_lines_add(self->notes, "%s: passed over: it has no OSTree deployment",
                      root->what->name);
        close(steal_fd(&root->directory));
    }
    self->count = kept;
}

/* ---- which one ---- */

/* The directory that is / of the system. -1: there is none. */
static int open_system(const struct find_root_root *root)
{
    return safe_open_open(root->directory, root->kind == ROOT_OSTREE ? root->deployment.path : "/",
                          O_PATH | O_DIRECTORY);
}

/* A snapshot or a copy of a system beside it is not another one, as its own fstab says. */
static bool is_copy(volume_table *all, const struct find_root_root *root)
{
    AUTO_FREE char *text = NULL, *crypt = NULL;
    struct fstab table;
    AUTO_FD int system = root->kind == ROOT_WINDOWS ? -1 : open_system(root);
    if (system < 0)
        return false;
    ssize_t length = guest_file_read(system, "/etc/fstab", FSTAB_SIZE_MAX, &text);
    ssize_t named = guest_file_read(system, "/etc/crypttab", CRYPTTAB_SIZE_MAX, &crypt);
    if (length <= 0)
        return false;
    if (fstab_parse(text, (size_t)length, &table) < 0)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    bool copy = root_copy_is(all, root->what, root->subvolume, &table, crypt,
                             named > 0 ? (size_t)named : 0);
    fstab_free(&table);
    return copy;
}

/* Leaves out the copies, but where all look like some. */
static void drop_copies(struct search *self)
{
    bool copies[ROOTS_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++)
        kept += !(copies[i] = is_copy(self->all, &self->roots[i]));
    if (kept == 0)
        return;
    kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        struct find_root_root *root = &self->roots[i];
        if (!copies[i]) {
            self->roots[kept++] = *root;
            continue;
        }
        log_lines_add(self->notes, "%s%s%s: passed over: its fstab has another root",
                      root->what->name, root->subvolume[0] ? ", subvolume " : "", root->subvolume);
        close(steal_fd(&root->directory));
    }
    self->count = kept;
}

static void append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Nothing, where there is no room for it. */
static void append(char *text, size_t size, const char *format, ...)
{
    char more[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(more, sizeof more, format, arguments);
    va_end(arguments);
    size_t length = strlen(text);
    if (length + strlen(more) < size)
        snprintf(text + length, size - length, "%s", more);
}

void find_root_describe(const volume_table *all, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < volume_table_count(all); i++) {
        const struct content *what = volume_table_at(all, i);
        const char *comma = i > 0 ? ", " : "";
        if (what->message[0])
            append(text, size, "%s%s (%s)", comma, what->name, what->message);
        else
            append(text, size, "%s%s (%s)", comma, what->name,
                   what->fstype[0] ? what->fstype : "nothing that is known");
    }
}

/* What the contents say about the guest, where none is a root. */
static enum status describe_none(const struct search *self, char *message, size_t size)
{
    char there_are[MAX_MESSAGE - 128];
    enum status worst = STATUS_OK;
    bool filesystems = false;
    for (size_t i = 0; i < volume_table_count(self->all); i++) {
        const struct content *what = volume_table_at(self->all, i);
        worst = what->status > worst ? what->status : worst;
        filesystems = filesystems || what->kind == CONTENT_FILESYSTEM;
    }
    find_root_describe(self->all, there_are, sizeof there_are);
    snprintf(message, size, "no operating system found: %s%s", there_are,
             filesystems ? "; -m DEV lists what is in one of them" : "");
    if (filesystems && worst <= STATUS_EMPTY)
        return STATUS_UNSUPPORTED;
    return worst == STATUS_OK ? STATUS_EMPTY : worst;
}

static enum status describe_several(const struct search *self, char *message, size_t size)
{
    snprintf(message, size, "several operating systems: choose with -m ");
    for (size_t i = 0; i < self->count; i++) {
        const struct find_root_root *root = &self->roots[i];
        append(message, size, "%s%s", i > 0 ? " or " : "", root->what->name);
        if (root->subvolume[0])
            append(message, size, ":/:subvol=%s", root->subvolume);
    }
    return STATUS_UNSUPPORTED;
}

enum status find_root_find(volume_table *all, struct find_root_root *root, struct log_lines *notes,
                           char *message, size_t size)
{
    struct search self = {.all = all, .notes = notes};
    root->directory = -1;
    for (size_t i = 0; i < volume_table_count(all); i++)
        try_content(&self, volume_table_at(all, i));
    if (self.count == 0)
        try_types(&self);
    choose_deployments(&self);
    if (self.count > 1)
        drop_copies(&self);
    if (self.count == 1) {
        *root = self.roots[0];
        return STATUS_OK;
    }
    for (size_t i = 0; i < self.count; i++)
        close(self.roots[i].directory);
    return self.count == 0 ? describe_none(&self, message, size)
                           : describe_several(&self, message, size);
}
