/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include <inttypes.h>
#include <time.h>

/* ---- stderr ---- */

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
static bool say_failures(struct scan_command *command, const struct guest_answer *answered)
{
    const scan_ret result = question_df_result(answered->answer);
    char device[ROW_DEVICE_MAX];

    for (u_int i = 0; i < result.volumes.volumes_len; i++) {
        const volume *v = &result.volumes.volumes_val[i];
        if (v->status != STATUS_OK)
            scan_command_say_failure(command, answered->guest, row_device(v, device), v->status,
                                     v->message.message_val, v->message.message_len);
    }
    if (!failed_itself(&result))
        return worst_volume(&result) != STATUS_OK;
    scan_command_say_failure(command, answered->guest, NULL, result.status,
                             result.message.message_val, result.message.message_len);
    return true;
}

/* ---- stdout ---- */

static int begin(struct output *self, FILE *to)
{
    if (self->begun)
        return 0;
    self->begun = true;
    return self->form->ops->heading ? self->form->ops->heading(self->form, to) : 0;
}

static bool wanted(const struct output *self, const struct row *row)
{
    return row->filled || self->form->wants == FORM_WANTS_VOLUMES ||
           (self->form->wants == FORM_WANTS_REASONS && row->status != STATUS_OK);
}

/* Whether --filter lets it pass. */
static bool passes(struct output *self, const struct row *row)
{
    static const struct style exact = {.exact = true};

    if (!self->options.filter)
        return true;
    int holds = row_filter_holds(self->options.filter, row, &exact);
    self->undecided += holds < 0;
    return holds > 0;
}

/* 1: the row is above the threshold; 0; -1: no memory. */
static int count(struct output *self, const struct row *row)
{
    const struct df_options *options = &self->options;
    const struct figures *figures = &row->figures;

    self->guest.filesystems++;
    row_figures_add(&self->guest.figures, figures);
    if (self->check && check_add_filesystem(self->check, row) < 0)
        return -1;
    if (self->metrics)
        metrics_add_filesystem(self->metrics, row);
    if (!options->threshold)
        return 0;
    return options->style.inodes
               ? row_percent_above(figures->inodes_used, figures->inodes, options->fail_above)
               : row_percent_above(figures->used, figures->size, options->fail_above);
}

static int write_rows(struct output *self, struct scan_command *command,
                      const struct guest_answer *answered)
{
    const scan_ret result = question_df_result(answered->answer);
    form *form = self->form;
    unsigned rows = 0, filesystems = 0;

    for (u_int i = 0; i < result.volumes.volumes_len; i++) {
        struct row row = row_of_volume(answered->guest, &result.volumes.volumes_val[i]);
        bool chosen = wanted(self, &row), shown = passes(self, &row);
        row.filled &= shown; /* what failed is named all the same */
        if (row.filled) {
            filesystems++;
            int passed = count(self, &row);
            if (passed < 0)
                return -1;
            command->passed |= passed > 0;
        }
        if (self->report && report_add_volume(self->report, &row) < 0)
            return -1;
        if (!chosen)
            continue;
        rows++;
        if (shown && form->ops->row(form, &row, command->to) < 0)
            return -1;
    }
    if (form->wants == FORM_WANTS_REASONS && (rows == 0 || failed_itself(&result))) {
        struct row row = row_of_guest(answered->guest, &result);
        return passes(self, &row) ? form->ops->row(form, &row, command->to) : 0;
    }
    return form->ops->guest ? form->ops->guest(form, answered, filesystems, command->to) : 0;
}

/* ---- the command ---- */

static int on_parse(void *data, int argc, char **argv, error **err)
{
    return usage_parse(&((struct output *)data)->options, argc, argv, err);
}

static int on_start(void *data, error **err)
{
    struct output *self = data;

    self->form = form_new(&self->options, isatty(STDOUT_FILENO));
    if (self->options.checking)
        self->check = check_new(&self->options.check, self->options.style.inodes);
    if (self->options.metrics)
        self->metrics = metrics_new();
    if (self->options.html)
        self->report = report_new(self->options.checking ? &self->options.check : NULL);
    if (self->options.total > TOTAL_ALL)
        self->groups = group_totals_new(self->options.total);
    bool complete = self->form && (self->groups || self->options.total <= TOTAL_ALL) &&
                    (self->check || !self->options.checking) &&
                    (self->metrics || !self->options.metrics) &&
                    (self->report || !self->options.html);
    return complete ? 0 : error_no_memory(err);
}

static int add_totals(struct output *self, const struct guest_answer *answered)
{
    self->totals.guests++;
    self->totals.filesystems += self->guest.filesystems;
    row_figures_add(&self->totals.figures, &self->guest.figures);
    return self->groups ? group_totals_add(self->groups, answered, &self->guest) : 0;
}

static int report_guest(const struct output *self, const struct guest_answer *answered, bool failed)
{
    const scan_ret result = question_df_result(answered->answer);
    const struct row row = row_of_guest(answered->guest, &result);

    return report_add_guest(self->report, answered, failed_itself(&result) ? &row : NULL, failed);
}

static int on_answer(void *data, struct scan_command *command, const struct guest_answer *answered,
                     error **err)
{
    struct output *self = data;

    self->guest = (struct totals){.guests = 1};
    if (begin(self, command->to) < 0 || write_rows(self, command, answered) < 0)
        return error_no_memory(err);
    if (scan_command_flush(command, err) < 0)
        return -1;
    if (add_totals(self, answered) < 0)
        return error_no_memory(err);
    bool failed = say_failures(command, answered);
    if (self->check)
        check_add_guest(self->check, failed);
    if (self->metrics)
        metrics_add_guest(self->metrics, answered, (int64_t)time(NULL));
    if (self->report && report_guest(self, answered, failed) < 0)
        return error_no_memory(err);
    return failed;
}

static int write_metrics(const struct output *self, struct scan_command *command, error **err)
{
    uint64_t omitted = metrics_omitted(self->metrics);

    if (omitted > 0 && !self->options.common.quiet)
        scan_command_say(command,
                         "--metrics: %" PRIu64 " filesystems and guests are left out: more "
                         "than %d, or with the same names as others",
                         omitted, METRICS_MAX);
    return metrics_write(self->metrics, self->options.metrics, err);
}

static int write_report(const struct output *self, const struct scan_command *command, error **err)
{
    const struct supervisor_stats *stats = command->stats;
    const struct report_run run = {.took = stats->wall,
                                   .accel = stats->accel,
                                   .appliances = stats->restores,
                                   .as_is = self->options.asked.as_is};

    return report_write(self->report, &run, self->options.html, err);
}

/* One that cannot be written does not cost the other. */
static int write_files(const struct output *self, struct scan_command *command, error **err)
{
    int result = self->metrics ? write_metrics(self, command, err) : 0;

    if (self->report && write_report(self, command, result < 0 ? NULL : err) < 0)
        result = -1;
    return result;
}

static int on_finish(void *data, struct scan_command *command, error **err)
{
    struct output *self = data;
    form *form = self->form;

    if (begin(self, command->to) < 0 ||
        (self->groups && group_totals_write(self->groups, form, command->to) < 0) ||
        (self->options.total && form_total(form, &self->totals, command->to) < 0) ||
        (form->ops->end && form->ops->end(form, command->to) < 0))
        return error_no_memory(err);
    if (scan_command_flush(command, err) < 0)
        return -1;
    int result = write_files(self, command, err);
    if (self->undecided > 0 && result == 0)
        return error_set(err, ERROR_USAGE,
                         "--filter: %" PRIu64 " rows are left out, for which that cannot be said: "
                         "a text that is no number is compared with one",
                         self->undecided);
    return result;
}

/* Monitoring wants its line however the run ends. */
static int on_conclude(void *data, int code)
{
    const struct output *self = data;
    bool complete = code == COMMAND_OK || code == COMMAND_THRESHOLD;

    if (!self->options.checking || self->options.common.show != SHOW_NOTHING)
        return code;
    enum check_state state = self->check ? check_state_of(self->check, complete) : CHECK_UNKNOWN;
    if (state == CHECK_UNKNOWN && code == COMMAND_USAGE)
        check_print_unknown("wrong usage, see stderr", stdout);
    else if (state == CHECK_UNKNOWN && code == COMMAND_NO_APPLIANCE)
        check_print_unknown("no appliance could be started, see stderr", stdout);
    else
        check_print(self->check, state, stdout);
    return (int)state;
}

static void on_clear(void *data)
{
    struct output *self = data;

    check_free(self->check);
    metrics_free(self->metrics);
    report_free(self->report);
    group_totals_free(self->groups);
    free(self->options.metrics);
    free(self->options.html);
    row_filter_free(self->options.filter);
    form_free(self->form);
    common_options_clear(&self->options.common);
}

const struct scan_command_ops output_ops = {.parse = on_parse,
                                            .help = usage_help,
                                            .start = on_start,
                                            .answer = on_answer,
                                            .finish = on_finish,
                                            .conclude = on_conclude,
                                            .clear = on_clear};
