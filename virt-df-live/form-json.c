/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON Lines: every volume, then its guest, then, where it is wanted, the sum. */
#include "cli/json-lines.h"
#include "form.h"

#include <string.h>

static const char *const content_names[] = {
    [CONTENT_FILESYSTEM] = "filesystem", [CONTENT_SWAP] = "swap",
    [CONTENT_UNKNOWN] = "unknown",       [CONTENT_MEMBER] = "member",
    [CONTENT_ENCRYPTED] = "encrypted",
};

/* null where it is not known; a share of nothing is not known either. */
static json_t *percent(const struct row *row)
{
    if (!row->filled || row->figures.size == 0)
        return json_null();
    double exact = row_percent_exact(row->figures.used, row->figures.size);
    return json_real((double)(unsigned)(exact * 10 + 0.5) / 10);
}

static json_t *figure(const struct row *row, uint64_t value)
{
    return row->filled ? json_lines_unsigned(value) : json_null();
}

/* null: there was nothing to replay, or nothing that is known. */
static json_t *recovered(const struct row *row)
{
    if (!row->filled || row->volume->recovered == RECOVERY_NONE)
        return json_null();
    return json_boolean(row->volume->recovered == RECOVERY_DONE);
}

/* A filesystem that makes its inodes as it needs them (btrfs, vfat) says that it has none. */
static json_t *inode_figure(const struct row *row, uint64_t value)
{
    return row->filled && row->figures.inodes > 0 ? json_lines_unsigned(value) : json_null();
}

static int set_figures(json_t *object, const struct row *row)
{
    const struct figures *figures = &row->figures;

    return json_lines_set(object, "size", figure(row, figures->size)) |
           json_lines_set(object, "used", figure(row, figures->used)) |
           json_lines_set(object, "available", figure(row, figures->available)) |
           json_lines_set(object, "use_percent", percent(row)) |
           json_lines_set(object, "inodes", inode_figure(row, figures->inodes)) |
           json_lines_set(object, "inodes_used", inode_figure(row, figures->inodes_used)) |
           json_lines_set(object, "inodes_free", inode_figure(row, figures->inodes_free));
}

static int set_volume(json_t *object, const volume *v)
{
    char device[ROW_DEVICE_MAX];

    row_device(v, device);
    return json_lines_set(object, "device", json_string(device)) |
           json_lines_set(object, "disk",
                          v->kind <= VOLUME_PARTITION ? json_lines_unsigned(v->disk)
                                                      : json_null()) |
           json_lines_set_bytes(object, "fstype", v->fstype.fstype_val, v->fstype.fstype_len) |
           json_lines_set_bytes(object, "label", v->label.label_val, v->label.label_len) |
           json_lines_set_bytes(object, "uuid", v->uuid.uuid_val, v->uuid.uuid_len);
}

static int set_mountpoint(json_t *object, const volume *v)
{
    if (v->mountpoint.mountpoint_len == 0)
        return json_lines_set(object, "mountpoint", json_null());
    return json_lines_set_bytes(object, "mountpoint", v->mountpoint.mountpoint_val,
                                v->mountpoint.mountpoint_len);
}

static int set_filesystem(json_t *object, const struct row *row)
{
    return json_lines_set(object, "block_size", figure(row, row->volume->usage.block_size)) |
           set_figures(object, row) | set_mountpoint(object, row->volume) |
           json_lines_set(object, "clean",
                          row->filled ? json_boolean(row->volume->clean) : json_null()) |
           json_lines_set(object, "recovered", recovered(row));
}

static const char *content_name(volume_content content)
{
    size_t index = (size_t)content; /* it came over the wire */

    return index < sizeof content_names / sizeof content_names[0] ? content_names[index]
                                                                  : "unknown";
}

static int json_row(form *self, const struct row *row, FILE *to)
{
    json_t *object = json_object();

    (void)self;
    int failed = json_lines_set(object, "type", json_string(content_name(row->volume->content))) |
                 json_lines_set_guest(object, row->guest) | set_volume(object, row->volume);
    if (row->volume->content == CONTENT_FILESYSTEM)
        failed |= set_filesystem(object, row);
    else
        failed |= json_lines_set(object, "size", json_lines_unsigned(row->volume->size));
    failed |= json_lines_set_status(object, row->status, row->message, row->message_length);
    return json_lines_write_line(object, failed, to);
}

static int json_guest(form *self, const struct guest_answer *answered, unsigned filesystems,
                      FILE *to)
{
    json_t *object = json_object();
    const scan_ret result = question_df_result(answered->answer);
    struct row row = row_of_guest(answered->guest, &result);

    (void)self;
    int failed = json_lines_set(object, "type", json_string("guest")) |
                 json_lines_set_guest(object, answered->guest) |
                 json_lines_set_status(object, row.status, row.message, row.message_length) |
                 json_lines_set(object, "filesystems", json_lines_unsigned(filesystems)) |
                 json_lines_set_elapsed(object, answered->elapsed);
    if (result.truncated)
        failed |= json_lines_set(object, "truncated", json_true());
    return json_lines_write_line(object, failed, to);
}

static int set_group(json_t *object, const struct totals *totals)
{
    const char *key = totals->by == TOTAL_OWNER ? "owner" : "directory";

    return totals->group ? json_lines_set_string(object, key, totals->group, strlen(totals->group))
                         : 0;
}

static int json_total(form *self, const struct totals *totals, FILE *to)
{
    json_t *object = json_object();
    struct row row = row_of_totals(totals);

    (void)self;
    int failed = json_lines_set(object, "type", json_string("total")) | set_group(object, totals) |
                 json_lines_set(object, "guests", json_lines_unsigned(totals->guests)) |
                 json_lines_set(object, "filesystems", json_lines_unsigned(totals->filesystems)) |
                 set_figures(object, &row);
    return json_lines_write_line(object, failed, to);
}

static const struct form_ops json_ops = {.row = json_row, .guest = json_guest, .total = json_total};

form *form_json_new(void)
{
    form *self = form_make(&json_ops, NULL, NULL, false);

    if (self)
        self->wants = FORM_WANTS_VOLUMES;
    return self;
}
