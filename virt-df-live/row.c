/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "row.h"
#include "base/drive-name.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Filesystems are hostile: one may have more free than it has. */
static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* statfs(2) leaves it to the filesystem what "undefined" is: erofs says 2^64 - 1. */
static bool is_no_count(uint64_t files)
{
    return files > INT64_MAX;
}

struct figures row_figures(const usage *u)
{
    uint64_t files = is_no_count(u->files) ? 0 : u->files;
    uint64_t files_free = files > 0 ? u->files_free : 0;

    return (struct figures){.size = times(u->blocks, u->block_size),
                            .used = times(minus(u->blocks, u->blocks_free), u->block_size),
                            .available = times(u->blocks_available, u->block_size),
                            .inodes = files,
                            .inodes_used = minus(files, files_free),
                            .inodes_free = files_free};
}

void row_figures_add(struct figures *sum, const struct figures *more)
{
    sum->size = plus(sum->size, more->size);
    sum->used = plus(sum->used, more->used);
    sum->available = plus(sum->available, more->available);
    sum->inodes = plus(sum->inodes, more->inodes);
    sum->inodes_used = plus(sum->inodes_used, more->inodes_used);
    sum->inodes_free = plus(sum->inodes_free, more->inodes_free);
}

static void set_message(struct row *row, const char *message, size_t length)
{
    row->message = length > 0 ? message : NULL;
    row->message_length = length;
}

struct row row_of_volume(const struct guest *guest, const volume *v)
{
    struct row row = {.guest = guest, .volume = v, .status = v->status};

    if (v->content == CONTENT_FILESYSTEM && v->mounted) {
        row.filled = true;
        row.figures = row_figures(&v->usage);
    }
    set_message(&row, v->message.message_val, v->message.message_len);
    return row;
}

struct row row_of_guest(const struct guest *guest, const scan_ret *result)
{
    struct row row = {.guest = guest, .status = result->status};

    set_message(&row, result->message.message_val, result->message.message_len);
    return row;
}

struct row row_of_totals(const struct totals *totals)
{
    return (struct row){.filled = true, .figures = totals->figures, .group = totals->group};
}

char *row_device(const volume *v, char buffer[ROW_DEVICE_MAX])
{
    char name[DRIVE_NAME_MAX];

    drive_name(v->disk, name);
    if (v->kind > VOLUME_PARTITION)
        snprintf(buffer, ROW_DEVICE_MAX, "/dev/%.*s", (int)v->name.name_len, v->name.name_val);
    else if (v->kind == VOLUME_PARTITION)
        snprintf(buffer, ROW_DEVICE_MAX, "/dev/%s%u", name, v->partition);
    else
        snprintf(buffer, ROW_DEVICE_MAX, "/dev/%s", name);
    return buffer;
}

unsigned row_percent_up(uint64_t used, uint64_t total)
{
    return total == 0 ? 0 : (unsigned)(((wide)used * 100 + total - 1) / total);
}

double row_percent_exact(uint64_t used, uint64_t total)
{
    if (total == 0)
        return 0;
    return (float)(100. - 100. * (double)minus(total, used) / (double)total);
}

bool row_percent_above(uint64_t used, uint64_t total, unsigned limit)
{
    return (wide)used * 100 > (wide)total * limit;
}
