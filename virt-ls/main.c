/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message.h"
#include "report.h"

static int list(struct ls_options *options)
{
    AUTO_REPORT ls_report *report = report_new(options);

    if (report)
        return scanning_run(report_scanning(report));
    message("out of memory");
    return COMMAND_NO_APPLIANCE;
}

static int run(struct ls_options *options, int argc, char **argv)
{
    AUTO_ERROR error *err = NULL;

    if (usage_parse(options, argc, argv, &err) < 0)
        return scanning_usage(COMMAND_NAME, err);
    if (options->common.show == SHOW_NOTHING)
        return list(options);
    usage_show(options, stdout);
    return COMMAND_OK;
}

int main(int argc, char **argv)
{
    struct ls_options options = {0};
    int code = scanning_begin(COMMAND_NAME);

    if (code == COMMAND_OK) {
        code = run(&options, argc, argv);
        usage_clear(&options);
    }
    return scanning_end(code);
}
