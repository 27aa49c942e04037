/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "df-columns.h"
#include "wire/status.h"

#include "base/text.h"

#include <inttypes.h>

static void put(FILE *to, const void *bytes, size_t length)
{
    if (length > 0)
        fwrite(bytes, 1, length, to);
}

static void put_size(uint64_t bytes, const struct style *style, FILE *to)
{
    char human[TEXT_SIZE_MAX];

    if (style->exact)
        fprintf(to, "%" PRIu64, bytes);
    else if (style->human)
        fputs(text_human_size(bytes, TEXT_UP, human), to);
    else
        fprintf(to, "%" PRIu64, bytes / 1024); /* virt-df rounds down, too */
}

static void put_percent(uint64_t used, uint64_t total, const struct style *style, FILE *to)
{
    if (style->exact && total == 0)
        return; /* a share of nothing */
    if (style->decimal || style->exact)
        fprintf(to, "%.1f", row_percent_exact(used, total));
    else
        fprintf(to, "%u%%", row_percent_up(used, total));
}

static void get_guest(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    fputs(row->guest ? row->guest->name : "total", to);
    if (row->group)
        fprintf(to, " %s", row->group);
}

static void get_device(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;
    char device[ROW_DEVICE_MAX];

    (void)style;
    if (row->volume)
        fputs(row_device(row->volume, device), to);
}

static void get_filesystem(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    get_guest(row, style, to);
    if (row->volume)
        fputc(':', to);
    get_device(row, style, to);
}

static void get_images(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    for (size_t i = 0; row->guest && i < row->guest->image_count; i++)
        fprintf(to, "%s%s", i ? "\t" : "", row->guest->images[i].path);
}

static void get_disk(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->volume && row->volume->kind <= VOLUME_PARTITION && row->guest &&
        row->volume->disk < row->guest->image_count)
        fputs(row->guest->images[row->volume->disk].path, to);
}

static void get_fstype(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->volume)
        put(to, row->volume->fstype.fstype_val, row->volume->fstype.fstype_len);
}

static void get_label(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->volume)
        put(to, row->volume->label.label_val, row->volume->label.label_len);
}

static void get_uuid(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->volume)
        put(to, row->volume->uuid.uuid_val, row->volume->uuid.uuid_len);
}

static void get_mountpoint(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->volume)
        put(to, row->volume->mountpoint.mountpoint_val, row->volume->mountpoint.mountpoint_len);
}

static void get_size(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    if (row->filled)
        put_size(row->figures.size, style, to);
}

static void get_used(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    if (row->filled)
        put_size(row->figures.used, style, to);
}

static void get_available(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    if (row->filled)
        put_size(row->figures.available, style, to);
}

static void get_use(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    if (row->filled)
        put_percent(row->figures.used, row->figures.size, style, to);
}

/* A filesystem that makes its inodes as it needs them (btrfs, vfat) says that it has none. */
static void put_inodes(const struct row *row, uint64_t number, const struct style *style, FILE *to)
{
    if (row->filled && (!style->exact || row->figures.inodes > 0))
        fprintf(to, "%" PRIu64, number);
}

static void get_inodes(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    put_inodes(row, row->figures.inodes, style, to);
}

static void get_inodes_used(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    put_inodes(row, row->figures.inodes_used, style, to);
}

static void get_inodes_free(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    put_inodes(row, row->figures.inodes_free, style, to);
}

static void get_inodes_use(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    if (row->filled)
        put_percent(row->figures.inodes_used, row->figures.inodes, style, to);
}

static void get_block_size(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->filled && row->volume)
        fprintf(to, "%" PRIu64, row->volume->usage.block_size);
}

static void get_clean(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->filled && row->volume)
        fputs(row->volume->clean ? "yes" : "no", to);
}

static void get_recovered(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->filled && row->volume && row->volume->recovered != RECOVERY_NONE)
        fputs(row->volume->recovered == RECOVERY_DONE ? "yes" : "no", to);
}

static void get_status(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    if (row->guest)
        fputs(status_name(row->status), to);
}

static void get_message(const void *data, const void *style, FILE *to)
{
    const struct row *row = data;

    (void)style;
    put(to, row->message, row->message_length);
}

/* Not all: JSON has guest and images in a way of its own (json_lines_set_guest()), and what it says
 * in other members is not said twice. */
const struct column df_columns[] = {
    {"GUEST", 0, "the guest's name", get_guest, NULL},
    {"FILESYSTEM", 0, "GUEST:DEVICE", get_filesystem, NULL},
    {"DEVICE", DF_COLUMN_VOLUME, "device as the guest's own disks are ordered", get_device,
     "device"},
    {"IMAGES", COLUMN_TRUNCATE, "all images of the guest, TAB between them", get_images, NULL},
    {"IMAGE", COLUMN_TRUNCATE, "the image that it is on; empty for what may be on several",
     get_disk, NULL},
    {"FSTYPE", DF_COLUMN_VOLUME, "type of the filesystem", get_fstype, "fstype"},
    {"LABEL", COLUMN_TRUNCATE | DF_COLUMN_VOLUME, "its label", get_label, "label"},
    {"UUID", DF_COLUMN_VOLUME, "its UUID", get_uuid, "uuid"},
    {"MOUNTPOINT", COLUMN_TRUNCATE | COLUMN_ASKED | DF_COLUMN_FILESYSTEM,
     "where the guest mounts it", get_mountpoint, "mountpoint"},
    {"SIZE", COLUMN_RIGHT | DF_COLUMN_FIGURE,
     "its size, in 1K-blocks, or with -h in powers of 1024", get_size, "size"},
    {"USED", COLUMN_RIGHT | DF_COLUMN_FIGURE, "what is used of it", get_used, "used"},
    {"AVAIL", COLUMN_RIGHT | DF_COLUMN_FIGURE, "what ordinary users may still use", get_available,
     "available"},
    {"USE%", COLUMN_RIGHT | COLUMN_DECIMAL | DF_COLUMN_FIGURE, "USED of SIZE", get_use,
     "use_percent"},
    {"INODES", COLUMN_RIGHT | DF_COLUMN_FIGURE, "inodes", get_inodes, "inodes"},
    {"IUSED", COLUMN_RIGHT | DF_COLUMN_FIGURE, "used inodes", get_inodes_used, "inodes_used"},
    {"IFREE", COLUMN_RIGHT | DF_COLUMN_FIGURE, "free inodes", get_inodes_free, "inodes_free"},
    {"IUSE%", COLUMN_RIGHT | COLUMN_DECIMAL, "IUSED of INODES", get_inodes_use, NULL},
    {"BLOCKSIZE", COLUMN_RIGHT | DF_COLUMN_FILESYSTEM, "bytes of a block", get_block_size,
     "block_size"},
    {"CLEAN", COLUMN_BOOLEAN | DF_COLUMN_FILESYSTEM, "no: it was not unmounted", get_clean,
     "clean"},
    {"RECOVERED", COLUMN_BOOLEAN | DF_COLUMN_FILESYSTEM,
     "whether its journal was replayed; empty: there was nothing to replay", get_recovered,
     "recovered"},
    {"STATUS", COLUMN_REASON | DF_COLUMN_VOLUME,
     "ok, or why there are no figures; such rows come too", get_status, "status"},
    {"MESSAGE", COLUMN_REASON | COLUMN_TRUNCATE | DF_COLUMN_VOLUME,
     "the same in words; such rows come too", get_message, "message"},
};
const size_t df_columns_count = sizeof df_columns / sizeof df_columns[0];

/* The headings are virt-df's, letter for letter. */
static const struct column classic_filesystem = {"Filesystem", 0, NULL, get_filesystem, NULL};
static const struct column classic_guest = {"VirtualMachine", 0, NULL, get_guest, NULL};
static const struct column classic_device = {"Filesystem", 0, NULL, get_device, NULL};
static const struct column classic_human = {"Size", COLUMN_RIGHT, NULL, get_size, NULL};

#define FIGURES 4

static const struct column classic_blocks[FIGURES] = {
    {"1K-blocks", COLUMN_RIGHT, NULL, get_size, NULL},
    {"Used", COLUMN_RIGHT, NULL, get_used, NULL},
    {"Available", COLUMN_RIGHT, NULL, get_available, NULL},
    {"Use%", COLUMN_RIGHT, NULL, get_use, NULL},
};

static const struct column classic_inodes[FIGURES] = {
    {"Inodes", COLUMN_RIGHT, NULL, get_inodes, NULL},
    {"IUsed", COLUMN_RIGHT, NULL, get_inodes_used, NULL},
    {"IFree", COLUMN_RIGHT, NULL, get_inodes_free, NULL},
    {"IUse%", COLUMN_RIGHT, NULL, get_inodes_use, NULL},
};

static void add_figures(const struct style *style, struct column_choice *choice)
{
    const struct column *figures = style->inodes ? classic_inodes : classic_blocks;

    for (size_t i = 0; i < FIGURES; i++)
        choice->columns[choice->count++] = &figures[i];
    if (style->human && !style->inodes)
        choice->columns[choice->count - FIGURES] = &classic_human;
}

void df_columns_classic_table(const struct style *style, struct column_choice *choice)
{
    choice->columns[0] = &classic_filesystem;
    choice->count = 1;
    add_figures(style, choice);
}

void df_columns_classic_csv(const struct style *style, struct column_choice *choice)
{
    choice->columns[0] = &classic_guest;
    choice->columns[1] = &classic_device;
    choice->count = 2;
    add_figures(style, choice);
}
