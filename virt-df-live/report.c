/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three lists of rows, each kept in order by form_sorted_new(); they come out into the page when it
 * is written. What a row shows are the columns of -o, so a new column is a name in
 * report/page.html. */
#include "report.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/output-file.h"
#include "form.h"
#include "html-page.h"
#include "report-page.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Writes each row by a part of the page. */
struct form_html {
    struct form form; /* first */
    const struct check_limits *limits;
    struct html_text part; /* set when the page is written */
};

struct list {
    struct form_html *html; /* what `sorted` gives its rows to, and owns */
    form *sorted;
    uint64_t added;
};

struct report {
    struct check_limits limits;
    time_t began;
    struct list filesystems, guests, failures;
    struct totals totals;
    struct totals guest; /* the sum of the guest whose volumes are being added */
    uint64_t guests_failed, above_warn, above_crit;
    struct report_run run;
};

/* ---- a row ---- */

static int image_value(const void *data, struct html_text name, FILE *to)
{
    const struct guest_image *image = data;

    if (!html_text_is(name, "PATH"))
        return -1;
    fputs(image->path, to);
    return 0;
}

struct html_row {
    const struct row *row;
    const struct check_limits *limits;
};

static const char *level_of(const struct html_row *self)
{
    const struct figures *figures = &self->row->figures;

    if (!self->row->filled)
        return "none";
    if (row_percent_above(figures->used, figures->size, self->limits->crit))
        return "crit";
    return row_percent_above(figures->used, figures->size, self->limits->warn) ? "warn" : "fine";
}

/* LEVEL, FILESYSTEMS, or a column. "raw:" before a column: as CSV has it, to sort by. */
static int row_value(const void *data, struct html_text name, FILE *to)
{
    static const char raw[] = "raw:";
    const struct html_row *self = data;
    struct style style = {.human = true};

    if (html_text_is(name, "LEVEL"))
        return fputs(level_of(self), to) < 0 ? -1 : 0;
    if (html_text_is(name, "FILESYSTEMS"))
        return fprintf(to, "%" PRIu64, self->row->filesystems) < 0 ? -1 : 0;
    if (name.length > strlen(raw) && memcmp(name.bytes, raw, strlen(raw)) == 0) {
        style = (struct style){.decimal = true};
        name = (struct html_text){name.bytes + strlen(raw), name.length - strlen(raw)};
    }
    const struct column *column =
        columns_find(df_columns, df_columns_count, name.bytes, name.length);
    if (!column)
        return -1;
    column->get(self->row, &style, to);
    return 0;
}

/* "figures": once, where there are any; "image": of each of the guest's images. */
static int row_part(const void *data, struct html_text name, struct html_text inner, FILE *to)
{
    const struct html_row *self = data;
    const struct guest *guest = self->row->guest;
    const struct html_names here = {.data = data, .value = row_value};

    if (html_text_is(name, "figures"))
        return self->row->filled ? html_page_write(inner, &here, to) : 0;
    if (!html_text_is(name, "image"))
        return -1;
    for (size_t i = 0; i < guest->image_count; i++) {
        const struct html_names names = {.data = &guest->images[i], .value = image_value};
        if (html_page_write(inner, &names, to) < 0)
            return -1;
    }
    return 0;
}

static int html_row(form *base, const struct row *row, FILE *to)
{
    const struct form_html *self = (const struct form_html *)base;
    const struct html_row data = {row, self->limits};
    const struct html_names names = {.data = &data, .value = row_value, .part = row_part};

    return html_page_write(self->part, &names, to);
}

static const struct form_ops html_ops = {.row = html_row};

/* ---- lists ---- */

static int begin_list(struct list *list, const char *column, bool descending,
                      const struct check_limits *limits)
{
    const struct row_order order = {
        .column = columns_find(df_columns, df_columns_count, column, strlen(column)),
        .descending = descending,
        .top = REPORT_MAX};

    list->html = calloc(1, sizeof *list->html);
    if (!list->html)
        return -1;
    *list->html = (struct form_html){.form = {.ops = &html_ops}, .limits = limits};
    list->sorted = form_sorted_new(&order, &list->html->form);
    return list->sorted ? 0 : -1;
}

static int add(struct list *list, const struct row *row)
{
    list->added++;
    return list->sorted->ops->row(list->sorted, row, NULL);
}

static uint64_t omitted(const struct list *list)
{
    return list->added > REPORT_MAX ? list->added - REPORT_MAX : 0;
}

report *report_new(const struct check_limits *limits)
{
    report *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->limits = limits ? *limits : (struct check_limits){.warn = 80, .crit = 90};
    self->began = time(NULL);
    if (begin_list(&self->filesystems, "USE%", true, &self->limits) == 0 &&
        begin_list(&self->guests, "USE%", true, &self->limits) == 0 &&
        begin_list(&self->failures, "STATUS", false, &self->limits) == 0)
        return self;
    report_free(self);
    return NULL;
}

void report_free(report *self)
{
    if (!self)
        return;
    form_free(self->filesystems.sorted);
    form_free(self->guests.sorted);
    form_free(self->failures.sorted);
    free(self);
}

int report_add_volume(report *self, const struct row *row)
{
    const struct figures *figures = &row->figures;

    if (row->status != STATUS_OK && add(&self->failures, row) < 0)
        return -1;
    if (!row->filled)
        return 0;
    self->guest.filesystems++;
    row_figures_add(&self->guest.figures, figures);
    self->above_warn += row_percent_above(figures->used, figures->size, self->limits.warn);
    self->above_crit += row_percent_above(figures->used, figures->size, self->limits.crit);
    return add(&self->filesystems, row);
}

int report_add_guest(report *self, const struct guest_answer *answered, const struct row *failure,
                     bool failed)
{
    const struct row sum = {.guest = answered->guest,
                            .filled = self->guest.filesystems > 0,
                            .figures = self->guest.figures,
                            .filesystems = self->guest.filesystems,
                            .status = answered->answer->status};

    self->totals.guests++;
    self->totals.filesystems += self->guest.filesystems;
    row_figures_add(&self->totals.figures, &self->guest.figures);
    self->guests_failed += failed;
    self->guest = (struct totals){0};
    if (failure && add(&self->failures, failure) < 0)
        return -1;
    return add(&self->guests, &sum);
}

/* ---- the page ---- */

/* 10,003, as the page's script writes it. */
static void put_number(uint64_t number, FILE *to)
{
    if (number < 1000) {
        fprintf(to, "%" PRIu64, number);
        return;
    }
    put_number(number / 1000, to);
    fprintf(to, ",%03u", (unsigned)(number % 1000));
}

static void put_size(uint64_t bytes, FILE *to)
{
    char text[TEXT_SIZE_MAX];

    fputs(text_human_size(bytes, TEXT_UP, text), to);
}

static void put_began(const report *self, FILE *to)
{
    char text[64];
    struct tm broken;

    if (localtime_r(&self->began, &broken) &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &broken) > 0)
        fputs(text, to);
}

static void put_took(uint64_t microseconds, FILE *to)
{
    uint64_t seconds = microseconds / CLOCK_SECOND;

    if (seconds < 60)
        fprintf(to, "%.1f s", (double)microseconds / (double)CLOCK_SECOND);
    else
        fprintf(to, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
}

/* A sentence on how the guests were asked. */
static void put_answered(const struct report_run *run, FILE *to)
{
    if (run->appliances > 0)
        fprintf(to, "%" PRIu64 " appliance%s (%s). ", run->appliances,
                run->appliances == 1 ? "" : "s", run->accel);
    fputs(run->as_is ? "Journals were not replayed." : "Journals were replayed, in memory.", to);
}

static int page_value(const void *data, struct html_text name, FILE *to)
{
    const report *self = data;
    const struct figures *sum = &self->totals.figures;
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {{"guests", self->totals.guests},
                   {"filesystems", self->totals.filesystems},
                   {"warn", self->limits.warn},
                   {"crit", self->limits.crit},
                   {"above_warn", self->above_warn},
                   {"above_crit", self->above_crit},
                   {"guests_failed", self->guests_failed},
                   {"failures", self->failures.added},
                   {"filesystems_omitted", omitted(&self->filesystems)},
                   {"guests_omitted", omitted(&self->guests)},
                   {"failures_omitted", omitted(&self->failures)}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (html_text_is(name, numbers[i].name))
            return put_number(numbers[i].number, to), 0;
    if (html_text_is(name, "size"))
        put_size(sum->size, to);
    else if (html_text_is(name, "used"))
        put_size(sum->used, to);
    else if (html_text_is(name, "percent"))
        fprintf(to, "%u%%", row_percent_up(sum->used, sum->size));
    else if (html_text_is(name, "began"))
        put_began(self, to);
    else if (html_text_is(name, "took"))
        put_took(self->run.took, to);
    else if (html_text_is(name, "host"))
        fputs(g_get_host_name(), to);
    else if (html_text_is(name, "version"))
        fputs(PACKAGE_VERSION, to);
    else if (html_text_is(name, "answered"))
        put_answered(&self->run, to);
    else
        return -1;
    return 0;
}

static int page_part(const void *data, struct html_text name, struct html_text inner, FILE *to)
{
    const report *self = data;
    const struct {
        const char *name;
        const struct list *list;
    } lists[] = {
        {"filesystem", &self->filesystems}, {"guest", &self->guests}, {"failure", &self->failures}};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (html_text_is(name, lists[i].name)) {
            lists[i].list->html->part = inner;
            return lists[i].list->sorted->ops->end(lists[i].list->sorted, to);
        }
    return -1;
}

int report_write(report *self, const struct report_run *run, const char *path, error **err)
{
    const struct html_names names = {.data = self, .value = page_value, .part = page_part};
    AUTO_FREE char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    if (!to)
        return error_no_memory(err);
    self->run = *run;
    int result = html_page_write((struct html_text){report_page, report_page_length}, &names, to);
    if (fclose(to) != 0 || result < 0)
        return error_no_memory(err);
    return output_file_write("--html", path, text, length, err);
}
