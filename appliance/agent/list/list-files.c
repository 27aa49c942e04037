/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "list-files.h"
#include "agent/guest/guest-tree.h"
#include "agent/util/safe-open.h"
#include "base/clock.h"
#include "walk.h"
#include "wire/listing.h"
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <sys/stat.h>

/* More than the largest item in XDR: path, target, digest, and what is of fixed size. */
#define ITEM_MAX (LISTING_PATH + LISTING_TARGET + LISTING_DIGEST + LISTING_MESSAGE + 256)

/* Microseconds after which a part goes out as it is: what happens meanwhile waits for it. */
#define PART_TIME 200000
/* The clock is looked at after so many items. */
#define PART_ITEMS 64

struct list_files {
    device_table *disks;
    guest_tree *tree;
    walk *walk;         /* of the directory that is listed */
    bool busy;          /* the tree is there, or has been tried to make */
    bool opened;        /* the item of the directory has been said */
    u_int directory;    /* which of args->directories is listed */
    size_t gap;         /* which of the tree's gaps is looked at for it */
    enum status status; /* of the tree */
    char message[MAX_MESSAGE];
    struct log_lines notes;
    struct scan_times times;
    size_t used;
    alignas(BYTES_PER_XDR_UNIT) char items[MAX_LS_ITEMS]; /* so it is written by xdr-inline.h */
};

list_files *list_files_new(device_table *disks, kernel_modules *loaded,
                           const struct detached_mounts_ops *ops, bool compose)
{
    list_files *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->disks = disks;
    self->tree = guest_tree_new(disks, loaded, ops, compose);
    if (!self->tree) {
        free(self);
        return NULL;
    }
    return self;
}

void list_files_drop(list_files *self)
{
    walk_free(STEAL(self->walk));
    if (self->busy)
        guest_tree_clear(self->tree);
    self->busy = self->opened = false;
    self->directory = 0;
    self->gap = 0;
}

void list_files_watch(list_files *self, const struct replay_watch *watch)
{
    guest_tree_watch(self->tree, watch);
}

bool list_files_valid(const struct ls_args *args)
{
    return device_table_valid(args->disks.disks_val, args->disks.disks_len) &&
           args->fragile <= FRAGILE_HERE && args->order <= LS_TREE && args->checksum <= LS_SHA512;
}

bool list_files_ready(const list_files *self, const struct ls_args *args)
{
    for (u_int i = 0; !self->busy && i < args->disks.disks_len; i++)
        if (!device_table_ready(self->disks, args->disks.disks_val[i].slot))
            return false;
    return true;
}

/* ---- items ---- */

static void put(list_files *self, struct listing_item *item)
{
    XDR stream;
    if (item->kind == LISTING_ENTRY) {
        listing_entry *entry = &item->listing_item_u.entry;
        entry->dev = guest_tree_device(self->tree, entry->dev);
    }
    xdrmem_create(&stream, self->items + self->used, (u_int)(sizeof self->items - self->used),
                  XDR_ENCODE);
    if (xdr_listing_item(&stream, item))
        self->used += xdr_getpos(&stream);
    xdr_destroy(&stream);
}

static void put_directory(list_files *self)
{
    struct listing_item item = {.kind = LISTING_DIRECTORY};
    item.listing_item_u.directory = self->directory;
    put(self, &item);
}

static void put_problem(list_files *self, const char *path, size_t length, const char *message)
{
    struct listing_item item = {.kind = LISTING_PROBLEM};
    listing_problem *problem = &item.listing_item_u.problem;
    problem->path.path_val = (char *)(uintptr_t)path;
    problem->path.path_len = (u_int)length;
    problem->message.message_val = (char *)(uintptr_t)message;
    problem->message.message_len = (u_int)strnlen(message, LISTING_MESSAGE);
    put(self, &item);
}

/* ---- gaps ---- */

/* What of the path `lower` is below `upper`, "" where they are the same; NULL: it is elsewhere. */
static const char *below(const char *upper, const char *lower)
{
    for (;;) {
        upper += strspn(upper, "/");
        lower += strspn(lower, "/");
        size_t length = strcspn(upper, "/");
        if (length == 0)
            return lower;
        if (strncmp(upper, lower, length) != 0 || (lower[length] && lower[length] != '/'))
            return NULL;
        upper += length;
        lower += length;
    }
}

/* Says it where the directory lacks something. */
static void put_gap(list_files *self, const struct mount_plan_gap *gap, const char *path,
                    enum ls_order order)
{
    const char *rest = below(gap->where, path);
    if (rest) {
        put_problem(self, "", 0, gap->why);
        return;
    }
    rest = order == LS_NAMES ? NULL : below(path, gap->where);
    if (!rest)
        return;
    size_t length = strlen(rest);
    while (length > 0 && rest[length - 1] == '/')
        length--;
    put_problem(self, rest, length, gap->why);
}

/* ---- directories ---- */

static bool same_place(int a, int b)
{
    struct statx first, second;
    return statx(a, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &first) == 0 &&
           statx(b, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &second) == 0 &&
           first.stx_ino == second.stx_ino && first.stx_mnt_id == second.stx_mnt_id;
}

static void open_walk(list_files *self, const char *path, const struct ls_args *args)
{
    int root = guest_tree_root(self->tree);
    const struct safe_open_how opening = guest_tree_how(self->tree);
    AUTO_FD int fd = safe_open_directory(root, path, &opening);
    if (fd < 0) {
        put_problem(self, "", 0, strerror(-fd));
        self->directory++;
        self->opened = false;
        return;
    }
    const struct walk_how how = {.order = args->order,
                                 .dots = args->dots && args->order == LS_NAMES,
                                 .at_top = same_place(root, fd),
                                 .checksum = args->checksum,
                                 .names_only = args->names_only && args->order != LS_TREE,
                                 .ntfs_at = opening.ntfs_at,
                                 .source = guest_tree_inodes,
                                 .owner = self->tree};
    self->walk = walk_new(steal_fd(&fd), &how);
    if (!self->walk)
        abort(); /* an appliance without memory is of no use; the host sees it end */
}

/* The directory itself, what it lacks, then the walk. */
static void open_directory(list_files *self, const struct ls_args *args)
{
    const struct mount_plan *plan = guest_tree_plan(self->tree);
    const struct ls_directory *directory = &args->directories.directories_val[self->directory];
    char path[MAX_PATH + 1];
    snprintf(path, sizeof path, "%.*s", (int)directory->path.path_len, directory->path.path_val);
    if (!self->opened) {
        put_directory(self);
        self->opened = true;
        self->gap = 0;
    } else if (self->gap < plan->gap_count) {
        put_gap(self, &plan->gaps[self->gap++], path, args->order);
    } else {
        open_walk(self, path, args);
    }
}

/* Goes on with the walk; false: the file that it is at will need more time. */
static bool go_on(list_files *self)
{
    struct listing_item item;
    int result = walk_next(self->walk, &item);
    if (result == 1) {
        put(self, &item);
    } else if (result == 0) {
        walk_free(STEAL(self->walk));
        self->opened = false;
        self->directory++;
    }
    return result != 2;
}

/* Whether that was all. */
static bool fill(list_files *self, const struct ls_args *args)
{
    uint64_t start = clock_now();
    unsigned items = 0;
    while (self->used + ITEM_MAX <= sizeof self->items) {
        bool quick = true;
        if (self->walk)
            quick = go_on(self);
        else if (self->directory < args->directories.directories_len)
            open_directory(self, args);
        else
            return true;
        if ((!quick || ++items % PART_ITEMS == 0) && clock_now() - start >= PART_TIME)
            break;
    }
    return false;
}

/* ---- the answer ---- */

static void begin(list_files *self, const struct ls_args *args, uint64_t waited)
{
    self->busy = true;
    log_lines_clear(&self->notes);
    self->status = guest_tree_build(self->tree, args);
    if (self->status == STATUS_OK && guest_tree_needs(self->tree) != NEED_NOTHING)
        self->status = STATUS_UNSUPPORTED;
    self->times = *guest_tree_times(self->tree);
    self->times.waited = waited;
}

/* What it says is kept, and the tree is not. */
static void end(list_files *self, struct ls_ret *answer)
{
    const char *message = guest_tree_message(self->tree);
    if (self->status == STATUS_OK)
        self->status = guest_tree_complaint(self->tree, &message);
    snprintf(self->message, sizeof self->message, "%s", message);
    self->notes = guest_tree_take_notes(self->tree);
    answer->need = guest_tree_needs(self->tree);
    list_files_drop(self);
    answer->last = true;
    answer->status = self->status;
    answer->message.message_val = self->message;
    answer->message.message_len = (u_int)strlen(self->message);
    answer->notes.notes_val = self->notes.text;
    answer->notes.notes_len = (u_int)self->notes.length;
    answer->times = self->times;
}

void list_files_part(list_files *self, const struct ls_args *args, uint64_t waited,
                     struct ls_ret *answer)
{
    memset(answer, 0, sizeof *answer);
    self->used = 0;
    if (!self->busy)
        begin(self, args, waited);
    if (self->status != STATUS_OK || fill(self, args))
        end(self, answer);
    answer->items.items_val = self->items;
    answer->items.items_len = (u_int)self->used;
}
