/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages on stderr: "virt-df-live: …", on one line, control characters escaped. */
#ifndef VLT_MESSAGE_H
#define VLT_MESSAGE_H

/* Sets the command's name, which must stay valid. Once, at the start. */
void message_start(const char *command);

void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "Try 'COMMAND --help' for more information." */
void message_try_help(const char *command);

#endif
