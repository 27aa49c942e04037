/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON Lines: every volume, then its guest, then, where it is wanted, the sum. */
#include "clock.h"
#include "text.h"
#include "writer.h"

#include <string.h>

static const char *const content_names[] = {
    [CONTENT_FILESYSTEM] = "filesystem", [CONTENT_SWAP] = "swap",
    [CONTENT_UNKNOWN] = "unknown",       [CONTENT_MEMBER] = "member",
    [CONTENT_ENCRYPTED] = "encrypted",
};

/* The value is taken over; a NULL value is one that there was no memory for. Each of the functions
 * below returns 0 or -1: no memory. */
static int set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value);
}

/* JSON integers of jansson end at INT64_MAX. */
static json_t *integer(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Bytes as string, null where there are none. */
static int set_bytes(json_t *object, const char *key, const void *bytes, size_t length)
{
    return length > 0 ? text_json_set(object, key, bytes, length) : set(object, key, json_null());
}

static int set_guest(json_t *object, const struct guest *guest)
{
    const char **paths = calloc(guest->image_count + 1, sizeof *paths);

    if (!paths)
        return -1;
    for (size_t i = 0; i < guest->image_count; i++)
        paths[i] = guest->images[i].path;
    int result = text_json_set(object, "guest", guest->name, strlen(guest->name)) |
                 text_json_set_array(object, "images", paths, guest->image_count);
    free(paths);
    return result;
}

/* null where it is not known; a share of nothing is not known either. */
static json_t *percent(const struct row *row)
{
    if (!row->filled || row->figures.size == 0)
        return json_null();
    double exact = percent_exact(row->figures.used, row->figures.size);
    return json_real((double)(unsigned)(exact * 10 + 0.5) / 10);
}

static json_t *figure(const struct row *row, uint64_t value)
{
    return row->filled ? integer(value) : json_null();
}

/* A filesystem that makes its inodes as it needs them (btrfs, vfat) says that it has none. */
static json_t *inode_figure(const struct row *row, uint64_t value)
{
    return row->filled && row->figures.inodes > 0 ? integer(value) : json_null();
}

static int set_figures(json_t *object, const struct row *row)
{
    const struct figures *figures = &row->figures;

    return set(object, "size", figure(row, figures->size)) |
           set(object, "used", figure(row, figures->used)) |
           set(object, "available", figure(row, figures->available)) |
           set(object, "use_percent", percent(row)) |
           set(object, "inodes", inode_figure(row, figures->inodes)) |
           set(object, "inodes_used", inode_figure(row, figures->inodes_used)) |
           set(object, "inodes_free", inode_figure(row, figures->inodes_free));
}

static int set_volume(json_t *object, const volume *v)
{
    char device[ROW_DEVICE_MAX];

    row_device(v, device);
    return set(object, "device", json_string(device)) | set(object, "disk", integer(v->disk)) |
           set_bytes(object, "fstype", v->fstype.fstype_val, v->fstype.fstype_len) |
           set_bytes(object, "label", v->label.label_val, v->label.label_len) |
           set_bytes(object, "uuid", v->uuid.uuid_val, v->uuid.uuid_len);
}

static int set_filesystem(json_t *object, const struct row *row)
{
    return set(object, "block_size", figure(row, row->volume->usage.block_size)) |
           set_figures(object, row) | set(object, "mountpoint", json_null()) |
           set(object, "clean", row->filled ? json_boolean(row->volume->clean) : json_null());
}

static int set_status(json_t *object, const struct row *row)
{
    return set(object, "status", json_string(status_name(row->status))) |
           set_bytes(object, "message", row->message, row->message_length);
}

/* Takes object over. failed: something of it is missing, so it is not written. */
static int write_line(json_t *object, int failed, FILE *to)
{
    if (object && !failed)
        failed = json_dumpf(object, to, JSON_COMPACT | JSON_REAL_PRECISION(15));
    else
        failed = -1;
    json_decref(object);
    fputc('\n', to);
    return failed ? -1 : 0;
}

static const char *content_name(volume_content content)
{
    size_t index = (size_t)content; /* it came over the wire */

    return index < sizeof content_names / sizeof content_names[0] ? content_names[index]
                                                                  : "unknown";
}

static int json_row(writer *self, const struct row *row, FILE *to)
{
    json_t *object = json_object();

    (void)self;
    int failed = set(object, "type", json_string(content_name(row->volume->content))) |
                 set_guest(object, row->guest) | set_volume(object, row->volume);
    if (row->volume->content == CONTENT_FILESYSTEM)
        failed |= set_filesystem(object, row);
    else
        failed |= set(object, "size", integer(row->volume->size));
    failed |= set_status(object, row);
    return write_line(object, failed, to);
}

static int json_guest(writer *self, const struct guest_answer *answered, unsigned filesystems,
                      FILE *to)
{
    json_t *object = json_object();
    struct row row = row_of_guest(answered->guest, answered->result);
    uint64_t milliseconds = answered->elapsed * 1000 / CLOCK_SECOND; /* it is not more exact */

    (void)self;
    int failed = set(object, "type", json_string("guest")) | set_guest(object, answered->guest) |
                 set_status(object, &row) | set(object, "filesystems", integer(filesystems)) |
                 set(object, "elapsed_s", json_real((double)milliseconds / 1000));
    if (answered->result->truncated)
        failed |= set(object, "truncated", json_true());
    return write_line(object, failed, to);
}

static int json_heading(writer *self, FILE *to)
{
    (void)self;
    (void)to;
    return 0;
}

static int json_end(writer *self, const struct totals *totals, FILE *to)
{
    (void)self;
    if (!totals)
        return 0;
    json_t *object = json_object();
    struct row row = row_of_totals(totals);
    int failed =
        set(object, "type", json_string("total")) | set(object, "guests", integer(totals->guests)) |
        set(object, "filesystems", integer(totals->filesystems)) | set_figures(object, &row);
    return write_line(object, failed, to);
}

static void json_free(writer *self)
{
    free(self);
}

static const struct writer_ops json_ops = {.heading = json_heading,
                                           .row = json_row,
                                           .guest = json_guest,
                                           .end = json_end,
                                           .free = json_free};

writer *writer_json_new(void)
{
    writer *self = calloc(1, sizeof *self);

    if (self)
        *self = (writer){.ops = &json_ops, .wants = WANTS_VOLUMES};
    return self;
}
