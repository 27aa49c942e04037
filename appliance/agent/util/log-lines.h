/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for -v. */
#ifndef VLT_AGENT_LOG_LINES_H
#define VLT_AGENT_LOG_LINES_H

#include <stddef.h>

/* All zero is empty. At most MAX_LS_ITEMS bytes: further lines are left out. */
struct log_lines {
    char *text; /* lines; a newline that is not the end of one is written as a space */
    size_t length;
    size_t room;
};

void log_lines_add(struct log_lines *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_lines_clear(struct log_lines *self);

#endif
