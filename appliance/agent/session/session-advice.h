/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to do about a mount that failed because a journal had to be replayed and the disk is
 * read-only. mount(8) says "cannot mount /dev/sda read-only", whatever program called it says less,
 * and the reason is in the kernel's log, which the user of a command does not see. */
#ifndef VLT_AGENT_SESSION_ADVICE_H
#define VLT_AGENT_SESSION_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#define SESSION_ADVICE_DEVICE_MAX 32
#define SESSION_ADVICE_MAX 512

/* Where the kernel's log ends now: a descriptor, or -1 where there is no log. */
int session_advice_begin(void);

/* What is to be said of what the kernel has said since, a line with its end ("\r\n" on a terminal);
 * false: nothing. Closes the descriptor. */
bool session_advice_end(int log, bool terminal, char text[SESSION_ADVICE_MAX]);

/* Whether that line of the kernel's is about such a mount; then the kernel's own
 * name of the device, and the option to mount it as it is. Pure. */
bool session_advice_read(const char *line, char device[SESSION_ADVICE_DEVICE_MAX],
                         const char **option);

#endif
