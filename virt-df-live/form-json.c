/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON Lines: every volume, then its guest, then, where they are wanted, the sums. What a column of
 * -o says is made of that column. */
#include "cli/json-lines.h"
#include "form.h"

#include <string.h>

static const char *const content_names[] = {
    [CONTENT_FILESYSTEM] = "filesystem", [CONTENT_SWAP] = "swap",
    [CONTENT_UNKNOWN] = "unknown",       [CONTENT_MEMBER] = "member",
    [CONTENT_ENCRYPTED] = "encrypted",
};

/* What is no column, or not as JSON has it: its disk, and the size of what is no filesystem. */
static int set_volume(json_t *object, const volume *v)
{
    json_t *disk = v->kind <= VOLUME_PARTITION ? json_lines_unsigned(v->disk) : json_null();

    if (json_lines_set(object, "disk", disk) < 0)
        return -1;
    return v->content == CONTENT_FILESYSTEM
               ? 0
               : json_lines_set(object, "size", json_lines_unsigned(v->size));
}

static int set_columns(json_t *object, unsigned flags, const struct row *row)
{
    static const struct style exact = {.exact = true};

    return columns_set_json(df_columns, df_columns_count, flags, row, &exact, object);
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
    unsigned flags = DF_COLUMN_VOLUME;
    if (row->volume->content == CONTENT_FILESYSTEM)
        flags |= DF_COLUMN_FILESYSTEM | DF_COLUMN_FIGURE;
    int failed = json_lines_set(object, "type", json_string(content_name(row->volume->content))) |
                 json_lines_set_guest(object, row->guest) | set_volume(object, row->volume) |
                 set_columns(object, flags, row);
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
                 set_columns(object, DF_COLUMN_FIGURE, &row);
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
