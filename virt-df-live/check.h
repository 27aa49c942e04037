/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --check: what the run found as one line for monitoring, and an exit status, as plugins of Nagios
 * have them (Monitoring Plugins Development Guidelines). */
#ifndef VDL_CHECK_H
#define VDL_CHECK_H

#include "row.h"

/* Percent; a filesystem that is fuller is one to warn of, or critical. */
struct check_limits {
    unsigned warn, crit; /* 0 ≤ warn ≤ crit ≤ 100 */
};

/* "warn=PCT,crit=PCT", in any order. 0 or -1 and *err. */
int check_parse(const char *word, struct check_limits *limits, error **err);

/* Exit statuses of a plugin. */
enum check_state { CHECK_OK = 0, CHECK_WARNING = 1, CHECK_CRITICAL = 2, CHECK_UNKNOWN = 3 };

typedef struct check check;

/* inodes: percent are of inodes. NULL: no memory. */
check *check_new(const struct check_limits *limits, bool inodes);
void check_free(check *self); /* NULL is fine */

/* A filesystem that has figures. 0 or -1: no memory. */
int check_add_filesystem(check *self, const struct row *row);
/* A guest; failed: in whole or in part. */
void check_add_guest(check *self, bool failed);

/* complete: every guest was answered for without a failure. UNKNOWN is where that is not so, and
 * nothing is fuller than a limit either. */
enum check_state check_state_of(const check *self, bool complete);

/* The line, with its newline. It has no other '|' than that before the performance data. */
void check_print(const check *self, enum check_state state, FILE *to);
/* The line where there is nothing to say but why. */
void check_print_unknown(const char *why, FILE *to);

#endif
