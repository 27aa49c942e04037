/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inventory.h"
#include <inttypes.h>
#include <string.h>

/* What a table and its copy take at both ends of a disk, and more: GPT with 4096-byte sectors takes
 * 24 KiB. */
#define TABLE_SIZE ((uint64_t)64 * 1024)

/* Of 64 KiB. A disk that nothing says anything about is to be known well, 16 MiB of it, before it
 * is called empty. A partition has a table's word for it that it is there; each piece costs about
 * 1 ms under emulation. */
#define DISK_PIECES 256
#define PARTITION_PIECES 4

#define AMOUNT_MAX 32

/* "16 MiB", where it is whole, else KiB or bytes. */
static const char *amount(uint64_t bytes, char text[AMOUNT_MAX])
{
    if (bytes >= 1 << 20 && bytes % (1 << 20) == 0)
        snprintf(text, AMOUNT_MAX, "%" PRIu64 " MiB", bytes >> 20);
    else if (bytes >= 1 << 10 && bytes % (1 << 10) == 0)
        snprintf(text, AMOUNT_MAX, "%" PRIu64 " KiB", bytes >> 10);
    else
        snprintf(text, AMOUNT_MAX, "%" PRIu64 " bytes", bytes);
    return text;
}

/* ---- what has no signature ---- */

/* What data is that neither a table nor a filesystem explains. */
static void settle_data(struct content *what, filesystem_probe *probe)
{
    struct finding found;
    const char *trace = filesystem_probe_trace(what->fd);
    filesystem_probe_look_firmware(probe, what->fd, what->size, &found);
    if (found.content != CONTENT_UNKNOWN) {
        what->kind = found.content;
        snprintf(what->fstype, sizeof what->fstype, "%s", found.type);
        volume_table_say(what, found.status, "%s", found.message);
    } else if (trace) {
        volume_table_say(what, STATUS_CORRUPT,
                         "damaged: the signature of %s is there, and what is around it makes no "
                         "sense to libblkid",
                         trace);
    } else if (what->bare_table) {
        volume_table_say(what, STATUS_UNSUPPORTED,
                         "unknown data: a partition table without partitions, and data");
    } else {
        volume_table_say(what, STATUS_UNSUPPORTED,
                         "unknown data: %sno signature that libblkid knows",
                         what->volume == VOLUME_DISK ? "no partition table and " : "");
    }
}

static void settle_unknown(struct content *what, filesystem_probe *probe)
{
    uint64_t edge = what->bare_table && what->size > 2 * TABLE_SIZE ? TABLE_SIZE : 0;
    unsigned pieces = what->volume == VOLUME_DISK ? DISK_PIECES : PARTITION_PIECES;
    what->blank =
        filesystem_probe_is_blank(probe, what->fd, edge, what->size - edge, pieces, &what->sampled);
    if (!what->blank)
        settle_data(what, probe);
}

/* ---- a journal on a device of its own ---- */

static bool is_journal_of(const struct content *journal, const struct content *other)
{
    return other->kind == CONTENT_FILESYSTEM && *journal->uuid &&
           strcmp(other->journal, journal->uuid) == 0;
}

/* One that a filesystem of this guest uses is accounted for. */
static void settle_journal(const volume_table *all, struct content *journal)
{
    for (size_t i = 0; i < volume_table_count(all); i++)
        if (is_journal_of(journal, volume_table_at(all, i)))
            volume_table_say(journal, STATUS_OK, "%s", "");
}

void inventory_settle(volume_table *all, filesystem_probe *probe)
{
    for (size_t i = 0; i < volume_table_count(all); i++) {
        struct content *what = volume_table_at(all, i);
        if (what->kind == CONTENT_UNKNOWN && what->status == STATUS_OK && !what->no_filesystem &&
            !what->hidden && what->fd >= 0)
            settle_unknown(what, probe);
        else if (what->kind == CONTENT_MEMBER && strcmp(what->fstype, "jbd") == 0)
            settle_journal(all, what);
    }
}

/* Less than a block is rounding; what is larger by so many times is no size, but damage. */
#define ROUNDING 4095
#define TIMES_MAX 1024

void inventory_settle_cut(struct content *what)
{
    char missing[AMOUNT_MAX], said[VOLUME_MESSAGE_MAX];
    uint64_t lost = what->beyond;
    /* A part of something larger was looked at as if it stood alone. */
    uint64_t claimed = what->kind == CONTENT_FILESYSTEM && lost == 0 ? what->claimed : 0;
    if (claimed > what->size + ROUNDING && claimed / TIMES_MAX < what->size)
        lost = claimed - what->size;
    /* What is not damaged for the kernel, or cannot be read at all, has its reason. */
    if (lost == 0 || (what->status != STATUS_OK && what->status != STATUS_CORRUPT &&
                      what->status != STATUS_UNREADABLE))
        return;
    snprintf(said, sizeof said, "%s", what->message);
    volume_table_say(what, STATUS_CORRUPT,
                     "%.*s%sthe disk is cut: the last %s of the %s are missing",
                     VOLUME_MESSAGE_MAX - 96, said, *said ? ": " : "", amount(lost, missing),
                     claimed ? "filesystem" : "partition");
}

/* ---- a guest without filesystems ---- */

static void say_zeros(const volume_table *all, char *text, size_t size)
{
    char read[AMOUNT_MAX], whole[AMOUNT_MAX];
    uint64_t sampled = 0, total = 0;
    bool table = false, partitions = false;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        const struct content *what = volume_table_at(all, i);
        sampled += what->sampled;
        total += what->size;
        table = table || what->bare_table;
        partitions = partitions || what->volume == VOLUME_PARTITION;
    }
    snprintf(text, size, "%s: zeros in all of %s that were read, of %s",
             table        ? "a partition table without partitions"
             : partitions ? "partitions, and nothing in them"
                          : "the disk is empty",
             amount(sampled, read), amount(total, whole));
}

void inventory_say_empty(const volume_table *all, char *text, size_t size)
{
    unsigned swap = 0, opened = 0;
    for (size_t i = 0; i < volume_table_count(all); i++) {
        swap += volume_table_at(all, i)->kind == CONTENT_SWAP;
        opened += volume_table_at(all, i)->kind == CONTENT_MEMBER;
    }
    if (volume_table_count(all) == 0)
        snprintf(text, size, "no disk holds a volume");
    else if (swap > 0)
        snprintf(text, size, "swap, and no filesystem");
    else if (opened > 0)
        snprintf(text, size, "volumes, and no filesystem in them");
    else
        say_zeros(all, text, size);
}
