/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/message.h"
#include "report.h"

static int scan(struct df_options *options)
{
    AUTO_REPORT df_report *report = report_new(options);

    if (report)
        return scan_command_run(report_scanning(report));
    message("out of memory");
    return COMMAND_NO_APPLIANCE;
}

static int run(struct df_options *options, int argc, char **argv)
{
    AUTO_ERROR error *err = NULL;

    if (usage_parse(options, argc, argv, &err) < 0)
        return scan_command_usage(COMMAND_NAME, err);
    if (options->common.show == SHOW_NOTHING)
        return scan(options);
    usage_show(options, stdout);
    return COMMAND_OK;
}

int main(int argc, char **argv)
{
    struct df_options options = {0};
    int code = scan_command_begin(COMMAND_NAME);

    if (code == COMMAND_OK) {
        code = run(&options, argc, argv);
        common_options_clear(&options.common);
    }
    return scan_command_end(code);
}
