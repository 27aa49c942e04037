/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-lines.h"
#include "base/cleanup.h"
#include "base/text-format.h"
#include "wire/protocol.h"
#include <stdarg.h>
#include <string.h>

void log_lines_add(struct log_lines *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *line = text_format_list(format, arguments);
    va_end(arguments);
    if (!line)
        return;
    size_t length = strlen(line), needed = self->length + length + 1;
    if (needed > MAX_LS_ITEMS)
        return;
    if (needed > self->room) {
        size_t room = self->room ? self->room : 1024;
        while (room < needed)
            room *= 2;
        char *text = realloc(self->text, room);
        if (!text)
            return;
        self->text = text;
        self->room = room;
    }
    for (char *p = strchr(line, '\n'); p; p = strchr(p, '\n'))
        *p = ' ';
    memcpy(self->text + self->length, line, length);
    self->text[self->length + length] = '\n';
    self->length = needed;
}

void log_lines_clear(struct log_lines *self)
{
    free(self->text);
    memset(self, 0, sizeof *self);
}
