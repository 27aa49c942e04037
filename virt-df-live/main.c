/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "closeout.h"
#include "message.h"
#include "report.h"
#include "stats.h"

#include <locale.h>
#include <signal.h>

/* Ends quietly where the reader has gone, as `cat | head` does. Everything is cleaned up. */
static int output_failed(const error *err)
{
    if (error_errno(err) == EPIPE)
        closeout_by_signal(SIGPIPE);
    message("%s", error_message(err));
    return COMMAND_GUEST_FAILED;
}

/* stdout is checked at the very end: a full disk is an error, also for --help. */
static int finish_output(int code)
{
    AUTO_ERROR error *err = NULL;

    if (closeout_finish(&err) < 0)
        return output_failed(err);
    return code;
}

/* A list without an entry is most often a mistake in what made it. */
static bool nothing_to_scan(const struct options *options, const df_report *report)
{
    if (report_guests(report) > 0)
        return false;
    for (size_t i = 0; i < options->list_count; i++)
        message("%s: the list is empty: nothing to scan", options->lists[i]);
    return true;
}

static void print_stats(const struct supervisor_stats *stats)
{
    AUTO_FREE char *text = stats_json(stats);

    fprintf(stderr, "stats: %s\n", text ? text : "{}");
}

static int exit_status(const struct df_options *options, df_report *report, enum supervisor_end end,
                       const error *err)
{
    AUTO_ERROR error *failed = NULL;

    switch (end) {
    case SUPERVISOR_DONE:
        break;
    case SUPERVISOR_NO_APPLIANCE:
        message("%s", error_message(err));
        if (report_guests(report) == 0)
            return COMMAND_NO_APPLIANCE;
        break;
    case SUPERVISOR_STOPPED:
    case SUPERVISOR_SIGNALLED:
        return end == SUPERVISOR_STOPPED ? output_failed(err) : COMMAND_GUEST_FAILED;
    }
    if (report_finish(report, &failed) < 0)
        return output_failed(failed);
    if (end == SUPERVISOR_NO_APPLIANCE)
        return COMMAND_NO_APPLIANCE;
    if (report_passed(report))
        return COMMAND_THRESHOLD;
    return nothing_to_scan(&options->common, report) || report_failed(report) ? COMMAND_GUEST_FAILED
                                                                              : COMMAND_OK;
}

static int scan(struct df_options *options)
{
    AUTO_REPORT df_report *report = report_new(options);
    AUTO_ERROR error *err = NULL;
    struct supervisor_stats stats = {0};
    int signal_number = 0;

    if (!report) {
        message("out of memory");
        return COMMAND_NO_APPLIANCE;
    }
    struct supervisor_client client = report_client(report);
    enum supervisor_end end = supervisor_run(&options->common.config, options->common.guests,
                                             &client, &stats, &signal_number, &err);
    report_quiet(report);
    int code = exit_status(options, report, end, err);
    if (options->common.stats)
        print_stats(&stats);
    if (end == SUPERVISOR_SIGNALLED)
        closeout_by_signal(signal_number);
    return code;
}

int main(int argc, char **argv)
{
    struct df_options options;
    AUTO_ERROR error *err = NULL;

    message_start(COMMAND_NAME);
    setlocale(LC_CTYPE, ""); /* libsmartcols measures characters */
    signal(SIGPIPE, SIG_IGN);
    if (closeout_start(&err) < 0) {
        message("%s", error_message(err));
        return COMMAND_NO_APPLIANCE;
    }

    int code = COMMAND_OK;
    if (usage_parse(&options, argc, argv, &err) < 0) {
        message("%s", error_message(err));
        message_try_help(COMMAND_NAME);
        code = COMMAND_USAGE;
    } else if (options.common.show != SHOW_NOTHING) {
        usage_show(&options, stdout);
    } else {
        code = scan(&options);
    }
    options_clear(&options.common);
    return finish_output(code);
}
