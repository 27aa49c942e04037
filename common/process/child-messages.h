/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the processes that this one forks say on stderr: they get the end of a pipe, not the
 * terminal or the log that we have. So one that was taken over writes no escapes there, cannot type
 * into a terminal that it has no descriptor of, and does not fill a log. */
#ifndef VLT_CHILD_MESSAGES_H
#define VLT_CHILD_MESSAGES_H

#include "base/error.h"

/* Lines of a run that are passed on, and bytes of one; a longer one comes in pieces. */
#define CHILD_MESSAGES_LINES 200
#define CHILD_MESSAGES_LINE 1024

/* Makes the pipe: from here on child_setup_detach_streams() makes its end the stderr of those that
 * are forked. It never makes them wait: what finds no room is lost. 0 or -1 and *err. */
int child_messages_begin(error **err);
int child_messages_fd(void); /* to be polled for POLLIN; -1: there is no pipe */
/* Hands over what has come, line by line, bytes as they are; after CHILD_MESSAGES_LINES of them
 * one that says so, and then no more. Does not wait. */
void child_messages_take(void (*say)(void *data, const char *line), void *data);
void child_messages_end(void); /* closes the pipe */

/* For child_setup_detach_streams(). -1: there is no pipe */
int child_messages_end_of_child(void);

#endif
