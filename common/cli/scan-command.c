/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan-command.h"

#include "base/clock.h"
#include "base/text-format.h"
#include "message.h"
#include "program.h"
#include "stats-json.h"
#include "stdout-guard.h"
#include "wire/status.h"
#include <stdarg.h>
#include <string.h>

static int output_failed(const error *err)
{
    program_output_failed(err);
    return COMMAND_GUEST_FAILED;
}

/* --- what the command calls --- */

int scan_command_flush(struct scan_command *self, error **err)
{
    if (fflush(self->to) != 0)
        return error_no_memory(err);
    size_t length = self->length;
    rewind(self->to);
    if (length == 0)
        return 0;
    progress_hide(self->bar);
    return stdout_guard_write(self->text, length, err);
}

void scan_command_say(struct scan_command *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    AUTO_FREE char *text = text_format_list(format, args);
    va_end(args);
    progress_hide(self->bar);
    message("%s", text ? text : "out of memory");
}

void scan_command_say_failure(struct scan_command *self, const struct guest *guest,
                              const char *part, enum status status, const char *why, size_t length)
{
    const char *word = status_name(status);

    scan_command_say(self, "%s%s%s: %.*s", guest->name, part ? ": " : "", part ? part : "",
                     (int)(length ? length : strlen(word)), length ? why : word);
}

/* --- the supervisor's client --- */

static int on_answer(void *data, const struct guest_answer *answered, error **err)
{
    struct scan_command *self = data;

    self->guests++;
    return self->ops->answer(self->data, self, answered, err);
}

static void on_log(void *data, enum supervisor_log level, const char *text)
{
    struct scan_command *self = data;
    const bool wanted[] = {[LOG_WARNING] = !self->options->quiet,
                           [LOG_VERBOSE] = self->options->verbose,
                           [LOG_TRACE] = self->options->config.trace};

    if (wanted[level])
        scan_command_say(self, "%s", text);
}

static void on_progress(void *data, uint64_t answered, uint64_t total)
{
    struct scan_command *self = data;

    progress_update(self->bar, answered, total);
}

/* One line, whatever --quiet and --progress say: it was asked for. */
static void on_progress_asked(void *data, uint64_t answered, uint64_t total)
{
    struct scan_command *self = data;
    char figures[PROGRESS_FIGURES_MAX];

    scan_command_say(self, "%s",
                     progress_figures(answered, total, clock_now() - self->started, figures));
}

/* --- the run --- */

/* A list without an entry is most often a mistake in what made it; a hypervisor without guests is
 * one. */
static bool nothing_to_do(const struct scan_command *self)
{
    const char *uri = self->options->connect;
    const GPtrArray *lists = self->options->lists;

    /* Those of other shards count: there were some. */
    if (guest_list_numbered(self->options->guests) > 0)
        return false;
    if (lists->len == 0 && !self->options->quiet)
        message("libvirt has no %s at %s: %s%s", self->options->pools ? "volumes there" : "guests",
                uri ? uri : "its default hypervisor", self->nothing,
                uri ? "" : "; -c URI names another one");
    if (lists->len == 0)
        return false;
    for (guint i = 0; i < lists->len; i++)
        message("%s: the list is empty: %s", (const char *)lists->pdata[i], self->nothing);
    return true;
}

static int exit_status(struct scan_command *self, enum supervisor_end end, uint64_t guests_failed,
                       const error *err)
{
    AUTO_ERROR error *failed = NULL;

    switch (end) {
    case SUPERVISOR_DONE:
        break;
    case SUPERVISOR_NO_APPLIANCE:
        message("%s", error_message(err));
        if (self->guests == 0)
            return COMMAND_NO_APPLIANCE;
        break;
    case SUPERVISOR_STOPPED:
    case SUPERVISOR_SIGNALLED:
        return end == SUPERVISOR_STOPPED ? output_failed(err) : COMMAND_GUEST_FAILED;
    }
    if (self->ops->finish && self->ops->finish(self->data, self, &failed) < 0)
        return output_failed(failed);
    if (end == SUPERVISOR_NO_APPLIANCE)
        return COMMAND_NO_APPLIANCE;
    if (self->passed)
        return COMMAND_THRESHOLD;
    return nothing_to_do(self) || guests_failed > 0 ? COMMAND_GUEST_FAILED : COMMAND_OK;
}

static void print_stats(const struct supervisor_stats *stats)
{
    AUTO_FREE char *text = stats_json(stats);

    fprintf(stderr, "stats: %s\n", text ? text : "{}");
}

static int ask(struct scan_command *self)
{
    const struct common_options *options = self->options;
    AUTO_ERROR error *err = NULL;
    struct supervisor_stats stats = {0};
    int signal_number = 0;

    self->started = clock_now();
    self->bar = options->quiet ? NULL : progress_new(stderr, options->progress);
    struct supervisor_client client = {.data = self,
                                       .answer = on_answer,
                                       .log = on_log,
                                       .progress_asked = on_progress_asked,
                                       .progress = self->bar ? on_progress : NULL};
    enum supervisor_end end =
        supervisor_run(&options->config, options->guests, &client, &stats, &signal_number, &err);
    progress_free(STEAL(self->bar));
    self->stats = &stats;
    int code = exit_status(self, end, stats.failed, err);
    if (options->stats)
        print_stats(&stats);
    if (end == SUPERVISOR_SIGNALLED)
        stdout_guard_by_signal(signal_number);
    self->stats = NULL;
    return code;
}

/* --- main() --- */

static int run(struct scan_command *self)
{
    AUTO_ERROR error *err = NULL;

    self->to = open_memstream(&self->text, &self->length);
    if (self->to && self->ops->start(self->data, &err) == 0)
        return ask(self);
    message("%s", err ? error_message(err) : "out of memory");
    return COMMAND_NO_APPLIANCE;
}

/* In one piece: of a stream that fails in its middle one cannot say afterwards why. */
static int show_help(const struct scan_command *self, bool usage_only, error **err)
{
    AUTO_FREE char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    if (!to)
        return error_no_memory(err);
    popt_line_print_help(to, self->name, self->arguments, self->table, usage_only);
    if (!usage_only)
        self->ops->help(to);
    if (fclose(to) != 0)
        return error_no_memory(err);
    return stdout_guard_write(text, length, err);
}

static int show(const struct scan_command *self)
{
    AUTO_ERROR error *err = NULL;
    enum common_options_show what = self->options->show;

    if (what == SHOW_VERSION)
        program_print_version();
    else if (show_help(self, what == SHOW_USAGE, &err) < 0) {
        program_output_failed(err);
        return COMMAND_GUEST_FAILED;
    }
    return COMMAND_OK;
}

static int parse_and_run(struct scan_command *self, int argc, char **argv)
{
    AUTO_ERROR error *err = NULL;

    if (self->ops->parse(self->data, argc, argv, &err) < 0) {
        message("%s", error_message(err));
        message_try_help(self->name);
        return COMMAND_USAGE;
    }
    if (self->options->show == SHOW_NOTHING)
        return run(self);
    return show(self);
}

int scan_command_main(struct scan_command *self, int argc, char **argv)
{
    int code = COMMAND_NO_APPLIANCE;

    if (program_begin(self->name) == 0) {
        code = parse_and_run(self, argc, argv);
        if (self->ops->conclude)
            code = self->ops->conclude(self->data, code);
        self->ops->clear(self->data);
        cleanup_file(&self->to);
        free(self->text);
    }
    return program_end() < 0 ? COMMAND_GUEST_FAILED : code;
}
