/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of several equal parts of a list (--shard): the guests whose number in the list, from 0, is
 * `index` modulo `count`. No I/O, but for reading the environment. */
#ifndef VLT_SHARD_H
#define VLT_SHARD_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SHARD_MAX 1000000 /* parts of a list */

struct shard {
    uint64_t index, count; /* index < count; count 0: the whole list */
};

/* "K/N", 0 ≤ K < N ≤ SHARD_MAX; or "auto", which is shard_from_environment(). 0 or -1 and *err. */
int shard_parse(const char *word, struct shard *shard, error **err);

/* The task of a Slurm job array that this process is (SLURM_ARRAY_TASK_ID, _COUNT, _MIN, _MAX,
 * _STEP), or the pod of an indexed Kubernetes Job (JOB_COMPLETION_INDEX; JOB_COMPLETIONS, which the
 * Job's manifest has to set). get is getenv(). 0 or -1 and *err: it is neither, or the tasks of the
 * array have gaps, so that some shard would have no task. */
int shard_from_environment(char *(*get)(const char *name), struct shard *shard, error **err);

bool shard_takes(const struct shard *shard, uint64_t number);

/* How many of the numbers below `numbers` it takes. */
uint64_t shard_size(const struct shard *shard, uint64_t numbers);

#endif
