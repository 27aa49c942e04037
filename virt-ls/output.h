/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints each guest's answer, to stdout and stderr. */
#ifndef VLS_OUTPUT_H
#define VLS_OUTPUT_H

#include "cli/scan-command.h"
#include "form.h"

struct output {
    struct ls_options options;
    form *form;
};

/* Of a struct output, all zero at first. */
extern const struct scan_command_ops output_ops;

#endif
