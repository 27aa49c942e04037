/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A run's statistics, for --stats. */
#ifndef VLT_STATS_JSON_H
#define VLT_STATS_JSON_H

#include "scan/supervisor.h"

/* One JSON object on one line, times in seconds. New memory, or NULL: no memory. */
char *stats_json(const struct supervisor_stats *stats);

#endif
