/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-points.h"
#include "agent/util/safe-open.h"
#include "base/cleanup.h"
#include "btrfs-roots.h"
#include "crypttab.h"
#include "fstab.h"
#include "guest-file.h"
#include "mount-plan.h"
#include <fcntl.h>
#include <string.h>
#include <strings.h>

/* Of more operating systems on one guest the others are not looked at. */
#define SYSTEMS_MAX 8

/* An operating system. */
struct system {
    enum root_kind kind;
    struct content *what; /* its root is here */
    char *fstab;          /* as much as there is: NULL, 0 */
    char *crypttab;
    size_t fstab_length, crypttab_length;
    bool efi;   /* it has a directory /efi */
    bool stray; /* it says that another filesystem is its root: this one is a copy */
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
    size_t bytes; /* of all places */
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
    self->all = all;
}

/* ---- looking ---- */

static size_t read_text(int root, const char *path, size_t max, char **text)
{
    ssize_t length = guest_file_read(root, path, max, text);
    return length > 0 ? (size_t)length : 0;
}

static void add_system(mount_points *self, struct content *what, enum root_kind kind, int root)
{
    if (self->count == SYSTEMS_MAX)
        return;
    struct system *system = &self->systems[self->count++];
    *system = (struct system){.kind = kind, .what = what};
    if (kind != ROOT_LINUX)
        return;
    AUTO_FD int efi = safe_open_open(root, "/efi", O_PATH | O_DIRECTORY | O_NOFOLLOW);
    system->efi = efi >= 0;
    system->fstab_length = read_text(root, "/etc/fstab", FSTAB_SIZE_MAX, &system->fstab);
    system->crypttab_length =
        read_text(root, "/etc/crypttab", CRYPTTAB_SIZE_MAX, &system->crypttab);
}

static void visit_subvolumes(mount_points *self, struct content *what, int top)
{
    struct btrfs_root found[SYSTEMS_MAX];
    size_t count = btrfs_roots_find(top, found, SYSTEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        AUTO_FD int root = safe_open_open(top, found[i].path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (root >= 0)
            add_system(self, what, found[i].kind, root);
    }
}

void mount_points_visit(mount_points *self, struct content *what, int directory)
{
    enum root_kind kind = detect_os(directory, what->fstype);
    if (kind != ROOT_NONE)
        add_system(self, what, kind, directory);
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

/* Whether fstab has another filesystem for /: a snapshot or a copy of the system lies beside it. */
static bool is_stray(const mount_points *self, const struct system *system,
                     const struct fstab *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct fstab_entry *entry = &table->entries[i];
        if (entry->problem || fstab_passed_over(entry) || !is_root(entry))
            continue;
        const struct content *what = resolve(self, system, entry);
        return what && what != system->what;
    }
    return false;
}

static void take_fstab(mount_points *self, struct system *system)
{
    struct fstab table;
    if (fstab_parse(system->fstab, system->fstab_length, &table) < 0)
        abort(); /* an appliance without memory is of no use; the host sees it end */
    system->stray = is_stray(self, system, &table);
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

/* UAPI.2, the Discoverable Partitions Specification; 0xef: UEFI 2.10, 5.2.2. NULL: /efi or /boot.
 */
static const struct {
    const char *type, *where;
} types[] = {
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", NULL}, /* EFI system partition */
    {"0xef", NULL},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", "/boot"}, /* extended boot loader */
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "/home"},
    {"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "/srv"},
    {"4d21b016-b534-45c2-a9fb-5c16e091fd2d", "/var"},
    {"7ec6f557-3bc5-4aca-b293-16ef5df639d1", "/var/tmp"},
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "/"},    /* x86-64 */
    {"44479540-f297-41b2-9af7-d131d5f0458a", "/"},    /* x86 */
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", "/"},    /* arm64 */
    {"8484680c-9521-48c6-9c11-b0720656f69e", "/usr"}, /* x86-64 */
    {"75250d76-8cc6-458e-bd66-bd47cc81a812", "/usr"}, /* x86 */
    {"b0e01050-ee5f-4390-949a-9101b17104e9", "/usr"}, /* arm64 */
};

static bool is_taken(const mount_points *self, const char *where)
{
    for (size_t i = 0; i < volume_table_count(self->all); i++)
        if (strcmp(self->places[i].where, where) == 0)
            return true;
    return false;
}

/* systemd-gpt-auto-generator(8) */
static const char *efi_place(const mount_points *self, const struct system *system)
{
    return (system && system->efi) || is_taken(self, "/boot") ? "/efi" : "/boot";
}

static void take_type(mount_points *self, const struct system *system, size_t type)
{
    for (size_t i = 0; i < volume_table_count(self->all); i++) {
        struct content *what = volume_table_at(self->all, i);
        if (strcasecmp(what->part_type, types[type].type) != 0)
            continue;
        if (what->kind == CONTENT_ENCRYPTED)
            what = crypttab_opened(self->all, what);
        if (!what || what->kind != CONTENT_FILESYSTEM || place_of(self, what)->where[0])
            continue;
        const char *where = types[type].where ? types[type].where : efi_place(self, system);
        if (!is_taken(self, where)) /* the first partition of a type counts */
            put(self, NULL, what, where);
    }
}

/* The EFI system partition last: where it goes depends on the others. */
static void take_types(mount_points *self, const struct system *system)
{
    for (size_t i = sizeof types / sizeof *types; i-- > 0;)
        take_type(self, system, i);
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
