/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ldm-device.h"

#include "agent/device/device-nodes.h"
#include "device-mapper.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/* Of a piece: " MAJOR:MINOR START". */
#define PLACE_MAX 64

/* Windows has at most 32 disks in a volume, and chunks of 128 sectors. RAID takes memory for each
 * column. */
#define COLUMNS_MAX 32
#define CHUNK_MAX 65536

bool ldm_device_suffices(const struct ldm_table *table)
{
    size_t missing = 0;
    for (size_t i = 0; i < table->count; i++)
        missing += table->pieces[i].number == 0;
    if (table->type == LDM_MIRRORED)
        return missing < table->count;
    return missing <= (table->type == LDM_RAID5);
}

struct text {
    size_t length;
    char bytes[LDM_PIECES_MAX * PLACE_MAX];
};

static void append(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* There is room: a volume's pieces are counted. */
static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(text->bytes + text->length, sizeof text->bytes - text->length, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length;
}

/* What dm-linear takes. */
static void write_place(const struct ldm_piece *piece, char text[PLACE_MAX])
{
    snprintf(text, PLACE_MAX, "%u:%u %" PRIu64, major(piece->number), minor(piece->number),
             piece->start);
}

static int make_linear(const char *name, const struct ldm_table *table, dev_t *number)
{
    static char places[LDM_PIECES_MAX][PLACE_MAX];
    struct device_mapper_part parts[LDM_PIECES_MAX];
    uint64_t left = table->size;
    size_t count = 0;
    for (; count < table->count && left > 0; count++) {
        const struct ldm_piece *piece = &table->pieces[count];
        write_place(piece, places[count]);
        parts[count] = (struct device_mapper_part){piece->size < left ? piece->size : left,
                                                   "linear", places[count]};
        left -= parts[count].sectors;
    }
    return left > 0 ? -ERANGE : device_mapper_create(name, true, parts, count, number);
}

/* Any half will do: nothing is written. */
static int make_mirrored(const char *name, const struct ldm_table *table, dev_t *number)
{
    for (size_t i = 0; i < table->count; i++) {
        struct ldm_table half = {.size = table->size, .count = 1, .pieces = {table->pieces[i]}};
        if (half.pieces[0].number && half.pieces[0].size >= half.size)
            return make_linear(name, &half, number);
    }
    return -ERANGE;
}

/* Whether so many columns, each as large as a piece or smaller, make the volume's size. */
static bool columns_fit(const struct ldm_table *table, size_t columns)
{
    if (columns == 0 || table->count > COLUMNS_MAX || table->chunk == 0 ||
        table->chunk > CHUNK_MAX || table->size % (columns * table->chunk) != 0)
        return false;
    for (size_t i = 0; i < table->count; i++)
        if (table->pieces[i].size < table->size / columns)
            return false;
    return true;
}

/* Linux, Documentation/admin-guide/device-mapper/striped.rst */
static int make_striped(const char *name, const struct ldm_table *table, dev_t *number)
{
    static struct text text;
    char place[PLACE_MAX];
    if (!columns_fit(table, table->count))
        return -ERANGE;
    text.length = 0;
    append(&text, "%zu %" PRIu64, table->count, table->chunk);
    for (size_t i = 0; i < table->count; i++) {
        write_place(&table->pieces[i], place);
        append(&text, " %s", place);
    }
    const struct device_mapper_part part = {table->size, "striped", text.bytes};
    return device_mapper_create(name, true, &part, 1, number);
}

/* Linux, Documentation/admin-guide/device-mapper/dm-raid.rst; that Windows lays it out as md's
 * left-symmetric is libldm's word. Members begin at their beginning, so each gets a device. Nothing
 * is there that md could write (no metadata, "-"), and "nosync" tells it that parity is right. */
static int make_raid5(const char *name, const struct ldm_table *table, dev_t *number)
{
    static struct text text;
    char place[PLACE_MAX], column[LDM_NODE_MAX + 16];
    if (table->count < 3 || !columns_fit(table, table->count - 1))
        return -ERANGE;
    text.length = 0;
    append(&text, "raid5_ls 2 %" PRIu64 " nosync %zu", table->chunk, table->count);
    for (size_t i = 0; i < table->count; i++) {
        const struct ldm_piece *piece = &table->pieces[i];
        const struct device_mapper_part part = {table->size / (table->count - 1), "linear", place};
        dev_t member;
        if (piece->number == 0) {
            append(&text, " - -");
            continue;
        }
        write_place(piece, place);
        /* Without a '-', which all names of LVM have. */
        snprintf(column, sizeof column, "%s.%zu", name, i);
        int result = device_mapper_create(column, true, &part, 1, &member);
        if (result < 0)
            return result; /* those before are removed with all others */
        append(&text, " - %u:%u", major(member), minor(member));
    }
    const struct device_mapper_part part = {table->size, "raid", text.bytes};
    return device_mapper_create(name, true, &part, 1, number);
}

int ldm_device_make(const struct ldm_table *table, unsigned index, char node[LDM_NODE_MAX],
                    dev_t *number)
{
    static int (*const makers[])(const char *, const struct ldm_table *, dev_t *) = {
        [LDM_SIMPLE] = make_linear,     [LDM_SPANNED] = make_linear, [LDM_STRIPED] = make_striped,
        [LDM_MIRRORED] = make_mirrored, [LDM_RAID5] = make_raid5,
    };
    char name[LDM_NODE_MAX - sizeof "/dev/"];
    if (table->count == 0 || table->size == 0)
        return -ERANGE;
    snprintf(name, sizeof name, "dynamic%u", index);
    int result = makers[table->type](name, table, number);
    if (result < 0)
        return result;
    snprintf(node, LDM_NODE_MAX, "/dev/%s", name);
    device_nodes_make(node, major(*number), minor(*number));
    return 0;
}
