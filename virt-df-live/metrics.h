/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --metrics: the figures in Prometheus' text format (version 0.0.4), for the textfile collector of
 * node_exporter. They are kept in memory until the run has come to its end. */
#ifndef VDL_METRICS_H
#define VDL_METRICS_H

#include "row.h"

/* Filesystems, and guests, at most. Those that come later are left out and counted. */
#define METRICS_MAX 20000

typedef struct metrics metrics;

metrics *metrics_new(void); /* NULL: no memory */
void metrics_free(metrics *self);

/* A filesystem that has figures. Of two with the same labels the first stays, because a collector
 * takes nothing of a file in which labels stand twice. */
void metrics_add_filesystem(metrics *self, const struct row *row);
/* now: seconds since 1970. */
void metrics_add_guest(metrics *self, const struct guest_answer *answered, int64_t now);

/* What has been left out so far: over METRICS_MAX, or with labels that stood already. */
uint64_t metrics_omitted(const metrics *self);

/* All of it, as text. New memory, g_free()d. */
char *metrics_text(const metrics *self);

/* Writes the text to a temporary file beside path, and renames it. 0 or -1 and *err; then what was
 * there before is still there. */
int metrics_write(const metrics *self, const char *path, error **err);

#endif
