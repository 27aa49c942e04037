/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

int main(int argc, char **argv)
{
    struct output output = {0};
    struct scan_command command = {.name = "virt-ls",
                                   .arguments = "[OPTION...] -a DISK|-d GUEST DIR...",
                                   .nothing = "nothing to list",
                                   .table = usage_table,
                                   .ops = &output_ops,
                                   .options = &output.options.common,
                                   .data = &output};

    return scan_command_main(&command, argc, argv);
}
