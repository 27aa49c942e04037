/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ldm-volumes.h"

#include "agent/util/helper-program.h"
#include "ldm-device.h"
#include "ldm-record.h"
#include "wire/protocol.h"
#include "wire/volume-name.h"
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sysmacros.h>

/* What the database says, and of which disks. */
struct database {
    size_t disks;
    unsigned slots[SLOT_COUNT];
    char *nodes[SLOT_COUNT];
    struct ldm_record *records;
    size_t count;
    const char *conflict;         /* why disks do not fit together; NULL: they do */
    size_t contents;              /* that there were before volumes were added */
    uint64_t starts[MAX_VOLUMES]; /* of each of these on its disk, in sectors */
};

/* ---- asking ---- */

/* Where a partition begins on its disk; beyond it where that is not known. */
static uint64_t start_of(const struct content *what)
{
    char path[64];
    uint64_t start;
    if (what->partition == 0)
        return 0;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/start", major(what->number),
             minor(what->number));
    AUTO_FILE FILE *file = fopen(path, "re");
    return file && fscanf(file, "%" SCNu64, &start) == 1 ? start : UINT64_MAX;
}

/* The disks that have marked contents. Those of one disk follow one another. */
static void gather_disks(volume_table *all, struct database *database)
{
    char node[NODE_MAX];
    database->contents = volume_table_count(all);
    for (size_t i = 0; i < database->contents; i++) {
        const struct content *what = volume_table_at(all, i);
        if (!what->dynamic)
            continue;
        database->starts[i] = start_of(what);
        if (database->disks > 0 && database->slots[database->disks - 1] == what->slot)
            continue;
        char *copy = strdup(volume_table_disk_node(all, what->slot, node));
        if (!copy)
            abort(); /* an appliance without memory is of no use; the host sees it end */
        database->nodes[database->disks] = copy;
        database->slots[database->disks++] = what->slot;
    }
}

static void forget(struct database *database)
{
    for (size_t i = 0; i < database->disks; i++)
        free(database->nodes[i]);
    free(database->records);
}

/* Whether the records are those of ldm-record.h, in their order. */
static bool is_sound(struct database *database)
{
    bool volume = false;
    for (size_t i = 0; i < database->count; i++) {
        struct ldm_record *record = &database->records[i];
        record->text[sizeof record->text - 1] = '\0';
        if (record->disk < -1 || (record->disk >= 0 && (size_t)record->disk >= database->disks))
            return false;
        if (i < database->disks) {
            if (record->kind != LDM_DISK || record->disk != (int32_t)i)
                return false;
        } else if (i + 1 == database->count) {
            return record->kind == LDM_END;
        } else if (record->kind == LDM_VOLUME && record->what <= LDM_RAID5) {
            volume = true;
        } else if (record->kind != LDM_PIECE || !volume) {
            return false;
        }
    }
    return false;
}

/* 0; -1, and why. */
static int ask(struct database *database, char *why, size_t size)
{
    const char *argv[SLOT_COUNT + 2] = {LDM_PROGRAM};
    for (size_t i = 0; i < database->disks; i++)
        argv[i + 1] = database->nodes[i];
    database->records = calloc(LDM_RECORDS_MAX, sizeof *database->records);
    if (!database->records)
        abort();
    ssize_t length =
        helper_program_read(argv, database->records, LDM_RECORDS_MAX * sizeof *database->records);
    database->count = length > 0 ? (size_t)length / sizeof *database->records : 0;
    if (length == -E2BIG)
        snprintf(why, size, "there are too many volumes");
    else if (length == -EPROTO || (length >= 0 && !is_sound(database)))
        snprintf(why, size, "libldm cannot read the database");
    else if (length < 0)
        snprintf(why, size, "libldm: %s", strerror((int)-length));
    else
        return 0;
    return -1;
}

/* ---- pieces ---- */

/* Finds the marked content that the piece is in. By its partition and not by the disk: a disk that
 * is in use has no partition that can be mounted. */
static bool place(volume_table *all, const struct database *database,
                  const struct ldm_record *record, struct ldm_piece *piece)
{
    for (size_t i = 0; i < database->contents; i++) {
        const struct content *what = volume_table_at(all, i);
        uint64_t start = database->starts[i], end;
        if (!what->dynamic || what->slot != database->slots[record->disk] || !what->number)
            continue;
        if (record->start < start || __builtin_add_overflow(record->start, record->size, &end) ||
            end - start > what->size / 512)
            continue;
        *piece = (struct ldm_piece){what->number, record->start - start, record->size};
        return true;
    }
    return false;
}

/* ---- volumes ---- */

/* The name that libldm gives a device, as libguestfs shows it. Bytes that the host does not take
 * for a name become '_'; another group may have the same names. */
static void volume_name(volume_table *all, const char *text, unsigned index,
                        char name[MAX_VOLUME_NAME])
{
    char plain[sizeof((struct ldm_record *)0)->text];
    snprintf(plain, sizeof plain, "%s", text);
    volume_name_settle(plain);
    snprintf(name, MAX_VOLUME_NAME, "mapper/%s", plain);
    if (volume_table_named(all, VOLUME_MAPPED, name, SIZE_MAX))
        snprintf(name, MAX_VOLUME_NAME, "mapper/%s.%u", plain, index + 1);
}

static void add_failed(volume_table *all, const char *name, enum status status, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));

static void add_failed(volume_table *all, const char *name, enum status status, const char *format,
                       ...)
{
    char why[VOLUME_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    struct content *what = volume_table_add(all, VOLUME_MAPPED, name, "", 0);
    if (what)
        volume_table_say(what, status, "%s", why);
}

/* Names of disks that are not here. */
struct missing {
    size_t count;
    const char *last;
    char names[VOLUME_MESSAGE_MAX / 2];
};

static void note_missing(struct missing *missing, const char *name)
{
    size_t length = strlen(missing->names);
    if (missing->last && strcmp(missing->last, name) == 0)
        return; /* several pieces are on one disk */
    snprintf(missing->names + length, sizeof missing->names - length, "%s%s",
             missing->count > 0 ? ", " : "", name);
    missing->last = name;
    missing->count++;
}

/* false: one lies where it cannot, and that has been said. */
static bool take_pieces(volume_table *all, const struct database *database, const char *name,
                        const struct ldm_record *records, struct ldm_table *table,
                        struct missing *missing)
{
    for (size_t i = 0; i < table->count; i++) {
        struct ldm_piece *piece = &table->pieces[i];
        *piece = (struct ldm_piece){.size = records[i].size};
        if (records[i].disk < 0) {
            note_missing(missing, records[i].text);
        } else if (!place(all, database, &records[i], piece)) {
            add_failed(all, name, STATUS_CORRUPT, "a piece of it is outside of its disk, %s",
                       records[i].text);
            return false;
        }
    }
    return true;
}

static void add_mapped(volume_table *all, const char *name, const struct ldm_table *table,
                       unsigned index)
{
    char node[LDM_NODE_MAX];
    dev_t number;
    int result = ldm_device_make(table, index, node, &number);
    if (result == -ERANGE)
        add_failed(all, name, STATUS_CORRUPT, "the figures of its pieces contradict each other");
    else if (result < 0)
        add_failed(all, name, STATUS_UNSUPPORTED, "device mapper: %s", strerror(-result));
    else
        volume_table_add(all, VOLUME_MAPPED, name, node, number);
}

/* A volume's record, and behind it so many of its pieces'. */
static void add_volume(volume_table *all, const struct database *database,
                       const struct ldm_record *volume, size_t pieces, unsigned index)
{
    static struct ldm_table table; /* too large for the stack */
    struct missing missing = {.count = 0};
    char name[MAX_VOLUME_NAME];
    volume_name(all, volume->text, index, name);
    memset(&table, 0, sizeof table);
    table.type = (enum ldm_volume_type)volume->what;
    table.size = volume->size;
    table.chunk = volume->chunk;
    table.count = pieces;
    if (database->conflict)
        add_failed(all, name, STATUS_CORRUPT, "disks contradict each other: %s",
                   database->conflict);
    else if (pieces > LDM_PIECES_MAX)
        add_failed(all, name, STATUS_UNSUPPORTED, "it has %zu pieces", pieces);
    else if (!take_pieces(all, database, name, volume + 1, &table, &missing))
        return;
    else if (!ldm_device_suffices(&table))
        add_failed(all, name, STATUS_UNSUPPORTED, "%s missing: %s",
                   missing.count == 1 ? "a disk of it is" : "disks of it are", missing.names);
    else
        add_mapped(all, name, &table, index);
}

static void add_volumes(volume_table *all, const struct database *database)
{
    unsigned index = 0;
    for (size_t i = database->disks; i + 1 < database->count && !volume_table_truncated(all);) {
        size_t pieces = 0;
        while (database->records[i + 1 + pieces].kind == LDM_PIECE)
            pieces++;
        add_volume(all, database, &database->records[i], pieces, index++);
        i += 1 + pieces;
    }
}

/* ---- disks ---- */

/* It is part of a volume, whatever it looks like: the half of a mirror looks like a filesystem. */
static void join(struct content *what)
{
    what->kind = CONTENT_MEMBER;
    what->blank = false;
    what->label[0] = what->uuid[0] = what->sub[0] = '\0';
    snprintf(what->fstype, sizeof what->fstype, "LDM");
    volume_table_say(what, STATUS_OK, "%s", "");
}

/* What a disk holds belongs to the volumes, or says why it does not. */
static void judge_disk(volume_table *all, struct database *database, size_t index)
{
    const struct ldm_record *record = &database->records[index];
    if (record->what == LDM_DISK_CONTRADICTS)
        database->conflict = record->text;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        struct content *what = volume_table_at(all, i);
        if (!what->dynamic || what->slot != database->slots[index])
            continue;
        if (record->what == LDM_DISK_READ || record->what == LDM_DISK_CONTRADICTS)
            join(what);
        if (record->what == LDM_DISK_CONTRADICTS)
            volume_table_say(what, STATUS_CORRUPT, "part of a Windows dynamic disk (LDM): %s",
                             record->text);
        else if (record->what != LDM_DISK_READ && what->kind == CONTENT_MEMBER)
            volume_table_say(what, STATUS_UNSUPPORTED, "part of a Windows dynamic disk (LDM): %s",
                             record->text);
    }
}

static void say_to_all(volume_table *all, const char *why)
{
    for (size_t i = 0; i < volume_table_count(all); i++) {
        struct content *what = volume_table_at(all, i);
        if (what->dynamic && what->kind == CONTENT_MEMBER)
            volume_table_say(what, STATUS_UNSUPPORTED, "part of a Windows dynamic disk (LDM): %s",
                             why);
    }
}

bool ldm_volumes_make(volume_table *all)
{
    char why[VOLUME_MESSAGE_MAX / 2];
    struct database database = {.disks = 0};
    gather_disks(all, &database);
    if (database.disks == 0)
        return false;
    bool made = ask(&database, why, sizeof why) == 0;
    if (made) {
        for (size_t i = 0; i < database.disks; i++)
            judge_disk(all, &database, i);
        add_volumes(all, &database);
    } else {
        say_to_all(all, why);
    }
    forget(&database);
    return made;
}
