/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan-command.h"

#include "base/text-format.h"
#include "message.h"
#include "stats-json.h"
#include "stdout-guard.h"
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>

int scan_command_begin(const char *name)
{
    AUTO_ERROR error *err = NULL;

    message_start(name);
    setlocale(LC_CTYPE, ""); /* libsmartcols measures characters */
    signal(SIGPIPE, SIG_IGN);
    umask(022);               /* the modes of what is made are chosen where it is made */
    signal(SIGXFSZ, SIG_IGN); /* a limit is an error of what is written, and what there is goes */
    if (stdout_guard_start(&err) == 0)
        return COMMAND_OK;
    message("%s", error_message(err));
    return COMMAND_NO_APPLIANCE;
}

int scan_command_usage(const char *name, const error *err)
{
    message("%s", error_message(err));
    message_try_help(name);
    return COMMAND_USAGE;
}

/* Ends quietly where the reader has gone, as `cat | head` does. Everything is cleaned up. */
static int output_failed(const error *err)
{
    if (error_errno(err) == EPIPE)
        stdout_guard_by_signal(SIGPIPE);
    message("%s", error_message(err));
    return COMMAND_GUEST_FAILED;
}

int scan_command_end(int code)
{
    AUTO_ERROR error *err = NULL;

    return stdout_guard_finish(&err) < 0 ? output_failed(err) : code;
}

/* --- the progress bar and messages --- */

int scan_command_print(struct scanning *self, const void *bytes, size_t length, error **err)
{
    if (length == 0)
        return 0;
    progress_hide(self->bar);
    return stdout_guard_write(bytes, length, err);
}

void scan_command_say(struct scanning *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    AUTO_FREE char *text = text_format_list(format, args);
    va_end(args);
    progress_hide(self->bar);
    message("%s", text ? text : "out of memory");
}

/* --- the supervisor's client --- */

static int on_answer(void *data, const struct guest_answer *answered, error **err)
{
    struct scanning *self = data;

    self->guests++;
    return self->answer(self->data, answered, err);
}

static void on_log(void *data, enum supervisor_log level, const char *text)
{
    struct scanning *self = data;
    const bool wanted[] = {[LOG_WARNING] = !self->options->quiet,
                           [LOG_VERBOSE] = self->options->verbose,
                           [LOG_TRACE] = self->options->config.trace};

    if (wanted[level])
        scan_command_say(self, "%s", text);
}

static void on_progress(void *data, uint64_t answered, uint64_t total)
{
    struct scanning *self = data;

    progress_update(self->bar, answered, total);
}

/* --- the run --- */

/* A list without an entry is most often a mistake in what made it; a hypervisor without guests is
 * one. */
static bool nothing_to_do(const struct scanning *self)
{
    const char *uri = self->options->connect;

    if (self->guests > 0)
        return false;
    if (self->options->list_count == 0 && !self->options->quiet)
        message("libvirt has no guests at %s: %s%s", uri ? uri : "its default hypervisor",
                self->nothing, uri ? "" : "; -c URI names another one");
    if (self->options->list_count == 0)
        return false;
    for (size_t i = 0; i < self->options->list_count; i++)
        message("%s: the list is empty: %s", self->options->lists[i], self->nothing);
    return true;
}

static int exit_status(struct scanning *self, enum supervisor_end end, uint64_t guests_failed,
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
    if (self->finish && self->finish(self->data, &failed) < 0)
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

int scan_command_run(struct scanning *self)
{
    const struct common_options *options = self->options;
    AUTO_ERROR error *err = NULL;
    struct supervisor_stats stats = {0};
    int signal_number = 0;

    self->bar = options->quiet ? NULL : progress_new(stderr, options->progress);
    struct supervisor_client client = {.data = self,
                                       .answer = on_answer,
                                       .log = on_log,
                                       .progress = self->bar ? on_progress : NULL};
    enum supervisor_end end =
        supervisor_run(&options->config, options->guests, &client, &stats, &signal_number, &err);
    progress_free(STEAL(self->bar));
    int code = exit_status(self, end, stats.failed, err);
    if (options->stats)
        print_stats(&stats);
    if (end == SUPERVISOR_SIGNALLED)
        stdout_guard_by_signal(signal_number);
    return code;
}
