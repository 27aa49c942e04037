/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shard.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

typedef char *getter(const char *name);

static int read_variable(getter *get, const char *name, uint64_t minimum, uint64_t maximum,
                         uint64_t *number, error **err)
{
    const char *word = get(name);

    if (!word)
        return error_set(err, ERROR_USAGE, "%s is not set in the environment", name);
    return text_parse_number(word, name, minimum, maximum, number, err);
}

static int from_slurm(getter *get, struct shard *shard, error **err)
{
    uint64_t id, first, last, count, step = 1;

    if (read_variable(get, "SLURM_ARRAY_TASK_ID", 0, UINT32_MAX, &id, err) < 0 ||
        read_variable(get, "SLURM_ARRAY_TASK_COUNT", 1, SHARD_MAX, &count, err) < 0 ||
        read_variable(get, "SLURM_ARRAY_TASK_MIN", 0, id, &first, err) < 0 ||
        read_variable(get, "SLURM_ARRAY_TASK_MAX", id, UINT32_MAX, &last, err) < 0 ||
        (get("SLURM_ARRAY_TASK_STEP") &&
         read_variable(get, "SLURM_ARRAY_TASK_STEP", 1, UINT32_MAX, &step, err) < 0))
        return -1;
    if ((id - first) % step != 0 || (last - first) / step + 1 != count)
        return error_set(err, ERROR_USAGE,
                         "the tasks of the job array have gaps: no task would scan what stands "
                         "in a gap");
    *shard = (struct shard){.index = (id - first) / step, .count = count};
    return 0;
}

static int from_kubernetes(getter *get, struct shard *shard, error **err)
{
    uint64_t index, count;

    if (read_variable(get, "JOB_COMPLETIONS", 1, SHARD_MAX, &count, err) < 0 ||
        read_variable(get, "JOB_COMPLETION_INDEX", 0, count - 1, &index, err) < 0)
        return -1;
    *shard = (struct shard){.index = index, .count = count};
    return 0;
}

int shard_from_environment(char *(*get)(const char *name), struct shard *shard, error **err)
{
    if (get("SLURM_ARRAY_TASK_ID"))
        return from_slurm(get, shard, err);
    if (get("JOB_COMPLETION_INDEX"))
        return from_kubernetes(get, shard, err);
    return error_set(err, ERROR_USAGE,
                     "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set in the "
                     "environment");
}

static int parse_pair(const char *word, struct shard *shard, error **err)
{
    const char *slash = strchr(word, '/');

    if (!slash)
        return error_set(err, ERROR_USAGE, "\"%s\" is neither K/N nor auto", word);
    AUTO_FREE char *index = strndup(word, (size_t)(slash - word));
    if (!index)
        return error_no_memory(err);
    if (text_parse_number(slash + 1, "N", 1, SHARD_MAX, &shard->count, err) < 0)
        return -1;
    return text_parse_number(index, "K", 0, shard->count - 1, &shard->index, err);
}

int shard_parse(const char *word, struct shard *shard, error **err)
{
    int result = strcmp(word, "auto") == 0 ? shard_from_environment(getenv, shard, err)
                                           : parse_pair(word, shard, err);

    return result < 0 ? error_prefix(err, "--shard") : 0;
}

bool shard_takes(const struct shard *shard, uint64_t number)
{
    return shard->count == 0 || number % shard->count == shard->index;
}

uint64_t shard_size(const struct shard *shard, uint64_t numbers)
{
    if (shard->count == 0)
        return numbers;
    return numbers > shard->index ? (numbers - shard->index - 1) / shard->count + 1 : 0;
}
