/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"
#include "wire/status.h"

#include <string.h>

struct df_report {
    const struct df_options *options;
    writer *writer;
    struct scanning scanning;
    struct totals totals;
    bool begun; /* the heading has been written */
    /* What the writer has made and stdout has not seen. */
    char *text;
    size_t length;
    FILE *buffer;
};

/* ---- stderr ---- */

static void say_guest(struct scanning *scanning, const struct row *row)
{
    const char *why = row->message ? row->message : status_name(row->status);
    int length = row->message ? (int)row->message_length : (int)strlen(why);

    scan_command_say(scanning, "%s: %.*s", row->guest->name, length, why);
}

static void say_volume(struct scanning *scanning, const struct row *row)
{
    char device[ROW_DEVICE_MAX];
    const char *why = row->message ? row->message : status_name(row->status);
    int length = row->message ? (int)row->message_length : (int)strlen(why);

    scan_command_say(scanning, "%s: %s: %.*s", row->guest->name, row_device(row->volume, device),
                     length, why);
}

/* The highest status of its volumes. */
static enum status worst_volume(const scan_ret *result)
{
    enum status worst = STATUS_OK;

    for (u_int i = 0; i < result->volumes.volumes_len; i++)
        if (result->volumes.volumes_val[i].status > worst)
            worst = result->volumes.volumes_val[i].status;
    return worst;
}

/* Whether something is wrong that none of its volumes explains. */
static bool failed_itself(const scan_ret *result)
{
    return result->truncated || result->status > worst_volume(result);
}

/* Each failure once: those of volumes, and the guest's own. Whether there is any. */
static bool say_failures(struct scanning *scanning, const struct guest_answer *answered)
{
    const scan_ret result = question_df_result(answered->answer);

    for (u_int i = 0; i < result.volumes.volumes_len; i++) {
        struct row row = row_of_volume(answered->guest, &result.volumes.volumes_val[i]);
        if (row.status != STATUS_OK)
            say_volume(scanning, &row);
    }
    if (failed_itself(&result)) {
        struct row row = row_of_guest(answered->guest, &result);
        say_guest(scanning, &row);
        return true;
    }
    return worst_volume(&result) != STATUS_OK;
}

/* ---- stdout ---- */

/* Brings what has been written to stdout. */
static int flush(df_report *self, error **err)
{
    if (fflush(self->buffer) != 0)
        return error_no_memory(err);
    size_t length = self->length;
    rewind(self->buffer);
    return scan_command_print(&self->scanning, self->text, length, err);
}

static int begin(df_report *self)
{
    if (self->begun)
        return 0;
    self->begun = true;
    return self->writer->ops->heading(self->writer, self->buffer);
}

static bool wanted(const df_report *self, const struct row *row)
{
    return row->filled || self->writer->wants == WANTS_VOLUMES ||
           (self->writer->wants == WANTS_REASONS && row->status != STATUS_OK);
}

static void count(df_report *self, const struct row *row)
{
    const struct df_options *options = self->options;
    const struct figures *figures = &row->figures;

    self->totals.filesystems++;
    figures_add(&self->totals.figures, figures);
    if (!options->threshold)
        return;
    if (options->style.inodes
            ? percent_above(figures->inodes_used, figures->inodes, options->fail_above)
            : percent_above(figures->used, figures->size, options->fail_above))
        self->scanning.passed = true;
}

/* Writes the rows of a guest into the buffer. */
static int write_rows(df_report *self, const struct guest_answer *answered)
{
    const scan_ret result = question_df_result(answered->answer);
    writer *to = self->writer;
    unsigned rows = 0, filesystems = 0;

    for (u_int i = 0; i < result.volumes.volumes_len; i++) {
        struct row row = row_of_volume(answered->guest, &result.volumes.volumes_val[i]);
        if (row.filled) {
            filesystems++;
            count(self, &row);
        }
        if (!wanted(self, &row))
            continue;
        rows++;
        if (to->ops->row(to, &row, self->buffer) < 0)
            return -1;
    }
    if (to->wants == WANTS_REASONS && (rows == 0 || failed_itself(&result))) {
        struct row row = row_of_guest(answered->guest, &result);
        return to->ops->row(to, &row, self->buffer);
    }
    return to->ops->guest ? to->ops->guest(to, answered, filesystems, self->buffer) : 0;
}

/* ---- the supervisor's client ---- */

static int on_answer(void *data, const struct guest_answer *answered, error **err)
{
    df_report *self = data;

    self->totals.guests++;
    if (begin(self) < 0 || write_rows(self, answered) < 0)
        return error_no_memory(err);
    if (flush(self, err) < 0)
        return -1;
    return say_failures(&self->scanning, answered);
}

static int on_end(void *data, error **err)
{
    df_report *self = data;
    const struct totals *totals = self->options->total ? &self->totals : NULL;

    if (begin(self) < 0 || self->writer->ops->end(self->writer, totals, self->buffer) < 0)
        return error_no_memory(err);
    return flush(self, err);
}

/* ---- */

static writer *make_writer(const struct df_options *options)
{
    bool heading = !options->noheadings;

    switch (usage_form(options)) {
    case FORM_JSON:
        return writer_json_new();
    case FORM_CSV:
        return writer_csv_new(&options->style, options->chosen ? &options->choice : NULL, heading);
    case FORM_LAYOUT:
        return writer_layout_new(&options->style, &options->choice, heading, isatty(STDOUT_FILENO));
    case FORM_TABLE:
    default:
        return writer_table_new(&options->style, heading);
    }
}

df_report *report_new(const struct df_options *options)
{
    df_report *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->options = options;
    self->writer = make_writer(options);
    self->buffer = open_memstream(&self->text, &self->length);
    if (!self->writer || !self->buffer) {
        report_free(self);
        return NULL;
    }
    self->scanning = (struct scanning){.options = &options->common,
                                       .data = self,
                                       .answer = on_answer,
                                       .finish = on_end,
                                       .nothing = "nothing to scan"};
    return self;
}

void report_free(df_report *self)
{
    if (!self)
        return;
    cleanup_writer(&self->writer);
    cleanup_file(&self->buffer);
    free(self->text);
    free(self);
}

struct scanning *report_scanning(df_report *self)
{
    return &self->scanning;
}
