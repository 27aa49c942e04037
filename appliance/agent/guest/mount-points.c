/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-points.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "btrfs-roots.h"
#include "crypttab.h"
#include "fstab.h"
#include "guest-file.h"
#include "mount-plan.h"
#include "ostree-deployment.h"
#include "partition-places.h"
#include "root-copy.h"
#include <fcntl.h>
#include <string.h>

/* Of more operating systems on one guest the others are not looked at. */
#define SYSTEMS_MAX 8

/* An operating system. */
struct system {
    enum root_kind kind;
    struct content *what;          /* its root is here, … */
    char subvolume[SUBVOLUME_MAX]; /* … of a btrfs in this; "": that is not known */
    char *fstab;                   /* as much as there is: NULL, 0 */
    char *crypttab;
    size_t fstab_length, crypttab_length;
    unsigned free_places; /* partition_places_free() */
    bool ostree;          /* its root is below the filesystem's topmost directory */
    bool stray;           /* it says that another filesystem is its root: this one is a copy */
};

/* Where a filesystem is mounted. */
struct place {
    char where[MAX_MOUNTPOINT + 1];
    const struct system *says; /* NULL: its partition's type */
    bool ambiguous;
};

struct mount_points {
    volume_table *all;
    struct system systems[SYSTEMS_MAX];
    size_t count;
    struct place places[MAX_VOLUMES];
    size_t bytes;         /* of all places */
    struct content *boot; /* has the boot loader's entries of a system that OSTree has deployed */
};

mount_points *mount_points_new(void)
{
    return calloc(1, sizeof(mount_points));
}

static void clear_systems(mount_points *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->systems[i].fstab);
        free(self->systems[i].crypttab);
    }
    self->count = 0;
}

void mount_points_begin(mount_points *self, volume_table *all)
{
    clear_systems(self);
    memset(self->places, 0, volume_table_count(all) * sizeof *self->places);
    self->bytes = 0;
    self->boot = NULL;
    self->all = all;
}

/* ---- looking ---- */

static size_t read_text(int root, const char *path, size_t max, char **text)
{
    ssize_t length = guest_file_read(root, path, max, text);
    return length > 0 ? (size_t)length : 0;
}

static void add_system(mount_points *self, struct content *what, enum root_kind kind,
                       const char *subvolume, int root)
{
    if (self->count == SYSTEMS_MAX)
        return;
    struct system *system = &self->systems[self->count++];
    *system = (struct system){.kind = kind, .what = what};
    snprintf(system->subvolume, sizeof system->subvolume, "%s", subvolume);
    if (kind == ROOT_WINDOWS)
        return;
    system->free_places = partition_places_free(root);
    system->fstab_length = read_text(root, "/etc/fstab", FSTAB_SIZE_MAX, &system->fstab);
    system->crypttab_length =
        read_text(root, "/etc/crypttab", CRYPTTAB_SIZE_MAX, &system->crypttab);
}

/* Its fstab goes from one deployment to the next, so it does not matter much which one is booted:
 * the boot loader's entries may be on a filesystem that comes later. */
static void add_deployed(mount_points *self, struct content *what, const char *subvolume, int top)
{
    struct ostree_deployment one = {0};
    if (!ostree_deployment_of_entries(top, top, &one) && !ostree_deployment_newest(top, &one))
        return;
    AUTO_FD int root = safe_open_open(top, one.path, O_PATH | O_DIRECTORY);
    if (root < 0 || self->count == SYSTEMS_MAX)
        return;
    add_system(self, what, ROOT_LINUX, subvolume, root);
    self->systems[self->count - 1].ostree = true;
}

static void add_any(mount_points *self, struct content *what, enum root_kind kind,
                    const char *subvolume, int root)
{
    if (kind == ROOT_OSTREE)
        add_deployed(self, what, subvolume, root);
    else
        add_system(self, what, kind, subvolume, root);
}

static void visit_subvolumes(mount_points *self, struct content *what, int top)
{
    struct btrfs_root found[SYSTEMS_MAX];
    size_t count = btrfs_roots_find(top, found, SYSTEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        AUTO_FD int root = safe_open_open(top, found[i].path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (root >= 0)
            add_any(self, what, found[i].kind, found[i].path, root);
    }
}

void mount_points_visit(mount_points *self, struct content *what, int directory)
{
    enum root_kind kind = detect_os(directory, what->fstype);
    if (kind != ROOT_NONE)
        add_any(self, what, kind, "", directory);
    else if (ostree_deployment_boots(directory))
        self->boot = what;
    else if (strcmp(what->fstype, "btrfs") == 0)
        visit_subvolumes(self, what, directory);
}

/* ---- what it says ---- */

static struct place *place_of(mount_points *self, const struct content *what)
{
    return &self->places[what - volume_table_at(self->all, 0)];
}

static void put(mount_points *self, const struct system *system, const struct content *what,
                const char *where)
{
    struct place *place = place_of(self, what);
    size_t length = strlen(where);
    if (place->where[0] && strcmp(place->where, where) != 0) {
        /* One system may mount it several times: the first one counts. Nothing goes before fstab.
         */
        place->ambiguous = place->ambiguous || (system && place->says != system);
        return;
    }
    if (place->where[0] || length > MAX_MOUNTPOINT || self->bytes + length > MOUNTPOINTS_MAX)
        return;
    self->bytes += length;
    place->says = system;
    memcpy(place->where, where, length + 1);
}

/* Without slashes that say nothing: "//a/b/" is "/a/b". */
static void tidy(char *path)
{
    char *to = path;
    for (const char *from = path; *from; from++)
        if (*from != '/' || (from[1] && from[1] != '/') || (to == path && !from[1]))
            *to++ = *from;
    *to = '\0';
}

static struct content *resolve(const mount_points *self, const struct system *system,
                               const struct fstab_entry *entry)
{
    return crypttab_resolve(self->all, system->crypttab, system->crypttab_length, entry->device);
}

static bool is_root(const struct fstab_entry *entry)
{
    return *entry->where == '/' && mount_plan_depth(entry->where) == 0;
}

static void take_fstab(mount_points *self, struct system *system)
{
    struct fstab table;
    if (fstab_parse(system->fstab, system->fstab_length, &table) < 0)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    system->stray = root_copy_is(self->all, system->what, system->subvolume, &table,
                                 system->crypttab, system->crypttab_length);
    if (!system->stray)
        put(self, system, system->what, "/");
    for (size_t i = 0; !system->stray && i < table.count; i++) {
        const struct fstab_entry *entry = &table.entries[i];
        char where[MAX_MOUNTPOINT + 1];
        if (entry->problem || fstab_passed_over(entry) || *entry->where != '/' || is_root(entry) ||
            strlen(entry->where) >= sizeof where)
            continue;
        const struct content *what = resolve(self, system, entry);
        snprintf(where, sizeof where, "%s", entry->where);
        tidy(where);
        if (what && what->kind == CONTENT_FILESYSTEM)
            put(self, system, what, where);
    }
    fstab_free(&table);
}

/* ---- by the types of partitions ---- */

static bool is_taken(const mount_points *self, const char *where)
{
    for (size_t i = 0; i < volume_table_count(self->all); i++)
        if (strcmp(self->places[i].where, where) == 0)
            return true;
    return false;
}

static bool is_free(const mount_points *self, const struct system *system, const char *where)
{
    return (!system || (system->free_places & partition_places_bit(where))) &&
           !is_taken(self, where);
}

static void take_types(mount_points *self, const struct system *system)
{
    for (size_t i = 0; i < partition_places_count; i++) {
        const struct partition_place *place = &partition_places[i];
        const struct content *what = partition_places_find(self->all, place);
        const char *where = partition_places_where(place, system ? system->free_places : 0);
        if (what && !place_of(self, what)->where[0] && is_free(self, system, where))
            put(self, NULL, what, where);
    }
}

/* ---- */

/* The only one, or NULL. */
static struct system *only(mount_points *self, enum root_kind kind, size_t *count)
{
    struct system *found = NULL;
    *count = 0;
    for (size_t i = 0; i < self->count; i++) {
        struct system *system = &self->systems[i];
        if (system->kind != kind || system->stray)
            continue;
        found = system;
        ++*count;
    }
    return *count == 1 ? found : NULL;
}

void mount_points_settle(mount_points *self)
{
    size_t windows, linux_count;
    for (size_t i = 0; i < self->count; i++)
        if (self->systems[i].kind == ROOT_LINUX)
            take_fstab(self, &self->systems[i]);
    const struct system *one = only(self, ROOT_WINDOWS, &windows);
    if (one)
        put(self, one, one->what, "C:"); /* Windows calls the drive that it is on so */
    one = only(self, ROOT_LINUX, &linux_count);
    /* CoreOS has no fstab: a unit that is generated mounts it. */
    if (one && one->ostree && self->boot && !place_of(self, self->boot)->where[0] &&
        !is_taken(self, "/boot") && strcmp(self->boot->fstype, "vfat") != 0)
        put(self, one, self->boot, "/boot");
    /* Whose partitions they would be is not known where there are several, and Windows mounts none.
     */
    if (one || (linux_count == 0 && windows == 0))
        take_types(self, one);
}

const char *mount_points_of(const mount_points *self, size_t index)
{
    const struct place *place = &self->places[index];
    return place->ambiguous ? "" : place->where;
}
